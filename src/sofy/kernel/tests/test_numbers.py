import pytest

from sofy.kernel.numbers import whole


@pytest.mark.parametrize(
    ("_case", "text", "number"),
    [
        ("a number", "42", 42),
        ("zeros before it", "007", 7),
        ("the largest", "9" * 18, 10**18 - 1),
        ("nothing", "", None),
        ("a sign", "-1", None),
        ("a digit that is none", "²", None),
        ("digits of other scripts", "٣", None),
        ("more than any counter", "9" * 19, None),
        ("more than Python reads", "9" * 5000, None),
    ],
)
def test_whole(_case: str, text: str, number: int | None) -> None:
    assert whole(text) == number
