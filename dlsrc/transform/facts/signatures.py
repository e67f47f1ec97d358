"""The sizes that a product or a solution takes and gives, by letters: equal letters are equal sizes.

    matmat    ij,jk->ik      the columns of one are the rows of the other
    lu_solve  ii,,ij->ij     the matrix is square, with as many rows as the right side
    lu_factors  ii->+i       one row more than it has columns

What takes an array of another size raises an error: where such a statement has been run, equal letters are
equal sizes, and `agreements` makes use of it.
"""

from collections.abc import Callable, Iterator

from ..ir import Assign, Atom

__all__ = ["SIGNATURES", "agreeing", "letters", "result_key"]

SOLUTION, SOLUTIONS = "ii,,i->i", "ii,,ij->ij"

SIGNATURES = {
    "vec_dot": "i,i->", "outer_product": "i,j->ij", "matvec": "ij,j->i", "vecmat": "i,ij->j",
    "matmat": "ij,jk->ik", "matmat_int": "ij,jk->ik", "matmat_tn": "ji,jk->ik", "matmat_nt": "ij,kj->ik",
    "lu_factors": "ii->+i", "lu_det": "ii,->", "lu_logdet": "ii,->", "lu_inverse": "ii,->ii",
    "cofactors": "ii,->ii", "lu_vector": SOLUTION, "lu_vector_t": SOLUTION,
    "lu_solve": SOLUTIONS, "lu_solve_t": SOLUTIONS,
    "cholesky_lower": "ii->ii", "triangular_vector": "ii,i->i", "triangular_matrix": "ii,ij->ij",
}  # fmt: skip


def result_key(s: Assign, key: Callable[[Atom], tuple]) -> tuple:
    """The keys of a statement's result, by those of its arguments."""
    sizes = {letter: key(argument)[axis] for letter, argument, axis in agreeing(s)}
    word = letters(s.op.name)[1]
    return tuple(("more", sizes[word[k + 1]]) if c == "+" else sizes[c] for k, c in enumerate(word))


def letters(name: str) -> tuple[list[str], str]:
    """The letters of each argument, and of the result; nothing of an argument says nothing of it.

    >>> letters("matvec")
    (['ij', 'j'], 'i')
    """
    arguments, result = SIGNATURES[name].split("->")
    return arguments.split(","), result


def agreeing(s: Assign) -> Iterator[tuple[str, Atom, int]]:
    """Each letter of a statement's arguments, with the argument and the axis that it stands for."""
    for word, argument in zip(letters(s.op.name)[0], s.args, strict=False):
        for axis, letter in enumerate(word):
            yield letter, argument, axis
