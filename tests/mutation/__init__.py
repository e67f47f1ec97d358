"""The generator mutation-tested: ``python -m tests.mutation`` breaks it in one place at a time, and a kill set must notice.

    python -m tests.mutation                           all modules of `MODULES`
    python -m tests.mutation --modules save adjoint    some of them
    python -m tests.mutation --list                    the mutants, without running them
    python -m tests.mutation --shard 1/4               every fourth mutant

`operators` says what a mutant is, `killset` which tests are run, `equivalent` which mutants cannot be noticed, and why.
"""
