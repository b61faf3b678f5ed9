from kgqa.model.vocabulary import MENTION, OTHER, PADDING, UNKNOWN, Vocabulary


def test_words_are_numbered_after_the_marks_in_the_order_given() -> None:
    words = Vocabulary(["who", "directed", "a"])
    assert [words.number(word) for word in ("who", "directed", "a")] == [4, 5, 6]
    assert len(words) == 7
    assert {PADDING, UNKNOWN, MENTION, OTHER} == {0, 1, 2, 3}


def test_a_word_without_a_number_is_unknown() -> None:
    assert Vocabulary(["who"]).number("whom") == UNKNOWN
    assert Vocabulary([]).number("") == UNKNOWN


def test_words_that_stand_too_seldom_are_not_collected_and_the_rest_are_sorted() -> None:
    texts = [["who", "wrote", "contact"], ["who", "wrote"], ["who", "a", "a"]]
    assert Vocabulary.of(texts, min_count=2).words == ["a", "who", "wrote"]
    assert Vocabulary.of(texts, min_count=3).words == ["who"]


def test_every_word_has_a_number_of_its_own() -> None:
    words = Vocabulary.of([["b", "a", "c"]], min_count=1)
    numbers = [words.number(word) for word in words.words]
    assert sorted({*numbers, PADDING, UNKNOWN, MENTION, OTHER}) == list(range(len(words)))


def test_words_of_every_hundredth_question_are_common() -> None:
    texts = [["who", "wrote", f"book{number}"] for number in range(198)] + [["which", "which"], ["whose", "rare"], ["whose"]]
    assert Vocabulary.of(texts, min_count=1).common == {"who", "wrote"}
    assert Vocabulary.of(texts[:50], min_count=1).common == {"who", "wrote"}  # one of few questions makes no word common
