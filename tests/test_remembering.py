"""What is made of what callers send is remembered by weight."""

from sandbox.remembering import LARGEST, MOST, remembered


class Counted:
    """A function and what it was asked to make."""

    def __init__(self) -> None:
        self.made: list[object] = []
        self.of = remembered(self._make)

    def _make(self, name: bytes, pairs: tuple[tuple[str, str], ...]) -> int | None:
        self.made.append((name, pairs))
        return len(pairs) or None


def test_it_is_made_once() -> None:
    counted = Counted()
    assert [counted.of(b"a", ()), counted.of(b"a", ()), counted.of(b"a", (("b", "c"),))] == [None, None, 1]
    assert counted.made == [(b"a", ()), (b"a", (("b", "c"),))]


def test_what_is_large_is_made_each_time_and_makes_nothing_forgotten() -> None:
    counted = Counted()
    large = (("b", "c" * LARGEST),)
    counted.of(b"a", ())
    for _ in range(MOST // LARGEST + 1):
        assert counted.of(b"a", large) == 1
    counted.of(b"a", ())
    assert counted.made == [(b"a", ()), *[(b"a", large)] * (MOST // LARGEST + 1)]


def test_no_more_is_kept_than_a_weight() -> None:
    counted = Counted()
    names = [b"%d" % n + b"x" * (LARGEST // 2) for n in range(MOST // LARGEST * 2)]
    for name in names:
        counted.of(name, ())
    counted.of(names[-1], ())
    assert len(counted.made) == len(names)
    counted.of(names[0], ())
    assert len(counted.made) == len(names) + 1


def test_small_ones_weigh_too() -> None:
    counted = Counted()
    for n in range(MOST // 100):
        counted.of(b"%d" % n, ())
    counted.of(b"0", ())
    assert len(counted.made) == MOST // 100 + 1
