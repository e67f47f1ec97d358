"""What is broken, and which tests have to notice: files of tests, each with why it is in the set."""

__all__ = ["FILES", "MODULES", "chosen"]

# Of dlsrc/transform, those that matter most first: what decides and writes the sweeps, then what makes the text short.
MODULES = (
    "save", "adjoint", "sweep.fetch", "sweep.shadows", "control", "sweep.crossing", "sweep.reverse_loops",
    "sweep.sums", "shorter.emptied", "facts.trips", "sweep.firsts", "sweep.rules", "sweep.masks",
    "facts.written", "facts.regions", "sweep.taped", "simplify", "shorter.fold", "shorter.algebra",
    "shorter.dead", "shorter.reciprocals", "distribute", "facts.memory", "activity", "facts.costs", "bounds",
)

# Values and gradients against differences of the plain function; arguments left alone; fresh, contiguous gradients.
LANGUAGE = {
    "augmented": "accumulation in every spelling",
    "branches": "what a way does not give is zero; cotangents merged",
    "broadcasting": "cotangents summed back to the operand's shape",
    "containers": "targets in dicts, lists, dataclasses",
    "custom_rules": "the user's rules put into a sweep",
    "element_writes": "zeroing; values overwritten after they were read",
    "float32": "precision of cotangents and shadows",
    "functions_and_closures": "programs of several functions, spliced in",
    "growing_lists": "shadows of columns that grow",
    "implicit": "rules that read the result",
    "jumps": "flags that end a loop; trips counted",
    "linalg": "rules that read results, and arrays kept whole",
    "lists_of_equal_items": "shadows of parts of a column",
    "loops": "what is kept, in nests and ranges of all kinds",
    "masked": "zeros that were not selected meet no infinity",
    "masks_and_fancy": "gathers, scatters, withdrawals",
    "matrix": "products of matrices, in loops too",
    "nested_operators": "derivatives inside of what is differentiated",
    "numba_code": "objects that numba makes, not differentiated",
    "numpy_calls": "composites",
    "prints_and_errors": "statements without a derivative stay where they stand",
    "python_forms": "every kind of statement",
    "reductions": "cotangents that are the same for every element",
    "scalars_and_integers": "what carries no derivative",
    "shapes": "views and copies of views",
    "slice_writes": "regions overwritten and emptied",
    "stencils": "scatters taken apart by place",
    "sums": "loops swept trip by trip, and where that would be wrong",
    "swaps_and_buffers": "memory handed from trip to trip",
    "traces": "stop_gradient, intermediate targets",
    "views": "shadows of views; writes through them",
    "while": "stacks, counters of trips",
}

FILES = {
    "test_golden": "the text of every form is promised: worse code is noticed, not only wrong numbers",
    "test_simplify": "what is folded, and what IEEE arithmetic forbids to fold",
    "test_messages": "what is refused, where, and why",
    "test_emptied": "which zeros are written in vain",
    "test_reciprocals": "which divisions are products",
    **{f"language.test_{name}": why for name, why in LANGUAGE.items()},
    "corpus.test_functions": "functions that other differentiators got wrong",
    "corpus.test_fuzzed": "programs that the fuzzer found",
    "corpus.test_loops": "loops that other differentiators got wrong",
    "corpus.test_models": "whole models, in which many things meet",
    "corpus.test_mutants": "programs that alone notice some mutant",
    "corpus.test_mutants_adjoint": "programs that alone notice some mutant of `adjoint`",
    "corpus.test_mutants_save": "those that notice one of what is kept",
    "corpus.test_mutants_control": "gradients in the middle of a function; what a branch need not write",
    "corpus.test_overwriting": "arrays overwritten in every order",
}

# Slow tests that notice nothing that quick ones do not; and what is tested of a golden text beside the text.
LEFT_OUT = (
    "test_golden::test_text_is_the_same", "test_golden::test_quality", "test_golden::test_waste",
    "test_golden::test_what", "test_golden::test_there", "test_the_numbers_never_change", "test_simplifying_twice",
    "attract_themselves[0]", "attract_themselves[1]", "functions-histogram", "recursion_with_other_functions",
    "serves_the_next", "[matrix_matrix]", "[kalman_step]", "[two_arguments]", "[stacked]", "[vectorized_functions]",
    "[predators]", "[matern_likelihood]", "[return_map]", "[stencil_over_time]", "[a_range_that_shrinks]",
    "edge_point_in_forward_mode", "[cholesky_by_hand]", "[covariance_of_a_gaussian_process]", "[jacobi_iteration]",
    "[gauss_elimination_in_place]",
)

# Of these files, in which most tests are about something else, those that alone run or notice something; and of the
# whole models, those in which something meets that meets nowhere else.
PARTS = {
    "corpus.test_models": ("[gauss_elim]", "[mvn]", "[cells]"),
    "language.test_containers": (
        "leaves_without_influence", "comprehension_sum", "handed_on", "static_leaves", "not_its_fields_is_refused",
        "class_of_its_argument[7]", "refused_by_name",
    ),
    "language.test_custom_rules": (
        "captures_is_read", "writes_of_its_own", "wrong_form_are_refused", "write_to_what_it_is_given", "missing_is_asked",
        "the_rules_own_lines", "in_dlfeval", "is_the_one_that_is_used", "several_results_and_a_loop",
    ),
    "language.test_growing_lists": (
        "unlike_types", "squares", "begun_with_an_item", "two_appends", "in_nested_loops", "a_stack]", "[of_arrays]",
        "rows_of_a_matrix", "of_tuples", "chosen_by_values", "integers_that_become_floats", "kept_rows_nested",
        "vector_stack", "replaced_stack", "ints_then_floats", "on_some_ways_only",
    ),
    "language.test_implicit": ("the_start_has", "arguments_in_containers", "no_real_numbers", "another_form"),
    "language.test_linalg": ("factors_are_shared", "are_numpys", "a_system_each_trip"),
    "language.test_lists_of_equal_items": (
        "[the_last_apart]#2", "slice_of_a_slice", "[summed]", "[in_a_while_loop]", "the_last_after_the_loop",
        "a_branch_on_the_number", "messages_are_those", "by_its_own_argument", "test_a_second_derivative",
    ),
    "language.test_nested_operators": ("by_rows", "a_function_that_writes", "of_numbers", "refusals"),
    "language.test_numpy_calls": ("where_of_an_operation", "lists_are_joined", "array_of_an_array"),
    "language.test_python_forms": (
        "walrus_alone", "step_that_is", "reversed_range", "zip_of_an_array", "places_and_elements", "any_and_all",
    ),
}


def chosen(name: str) -> bool:
    """Whether a test of these files is in the kill set."""
    parts = PARTS.get(name.partition("::")[0])
    if parts is not None:
        return any(text in name for text in parts)
    return not any(text in name for text in LEFT_OUT)
