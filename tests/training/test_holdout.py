"""What is held out is fixed by its position, never trained on, and judged by the same pairs in every run."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin import CorpusError, TrainingConfig, Word2Vec
from wordkin.config import ARCHITECTURES, OUTPUT_LAYERS
from wordkin.corpus.encoder import encode
from wordkin.model import huffman
from wordkin.model.kernel import Weights, padded
from wordkin.storage.arrays import aligned_zeros
from wordkin.training.chunk import ChunkTrainer, held_out_text
from wordkin.training.initialization import initial_input
from wordkin.training.schedule import PIECE_TOKENS, pieces, split

VARIANTS = list(itertools.product(ARCHITECTURES, OUTPUT_LAYERS))


def never() -> bool:
    return False


def weights_of(words: int, vector_size: int) -> Weights:
    width = padded(vector_size)
    return Weights(initial_input(words, vector_size, width, 1), aligned_zeros((words, width), np.float32))


def trained(corpus, **parameters) -> tuple[ChunkTrainer, Weights]:
    """A trainer, and weights that it has trained on everything once."""
    trainer = ChunkTrainer(corpus, TrainingConfig(**{"vector_size": 20, "holdout": 0.1, "threads": 1} | parameters))
    weights = weights_of(len(corpus.vocabulary), trainer.config.vector_size)
    for chunk in trainer.chunks(0):
        trainer.train(weights, 0, chunk)
    return trainer, weights


# --- What is held out ---------------------------------------------------------------------------------------------

lengths_of_sentences = st.lists(st.integers(2, 40) | st.integers(900, 5_000), min_size=30, max_size=80)


@given(lengths_of_sentences, st.floats(0.05, 0.5))
def test_every_token_is_trained_on_or_held_out(lengths, share):
    offsets = np.cumsum([0, *lengths])
    parted = split(offsets, share)
    both = np.concatenate([parted.training, parted.held_out])
    both = both[np.argsort(both[:, 0])]
    assert (both[0, 0], both[-1, 1]) == (0, offsets[-1])
    assert (both[1:, 0] == both[:-1, 1]).all()
    assert (both[:, 0] < both[:, 1]).all()
    assert (both[:, 1] - both[:, 0]).max() < 2 * PIECE_TOKENS
    assert set(offsets) <= set(parted.sentence_offsets)
    for begin, end, sentence in parted.held_out:  # a sentence of its own, so that no window reaches in or out
        assert (parted.sentence_offsets[sentence], parted.sentence_offsets[sentence + 1]) == (begin, end)
    for begin, _, sentence in parted.training:
        assert parted.sentence_offsets[sentence] <= begin < parted.sentence_offsets[sentence + 1]


@given(lengths_of_sentences, st.lists(st.integers(2, 3_000)), st.floats(0.05, 0.5))
def test_a_longer_text_holds_out_the_same(lengths, more, share):
    shorter, longer = (split(np.cumsum([0, *part]), share).held_out for part in (lengths, lengths + more))
    assert (longer[: len(shorter), :2] == shorter[:, :2]).all()
    assert (longer[len(shorter) :, 0] >= sum(lengths)).all()


@pytest.mark.parametrize("share", [0.5, 0.3, 0.1, 0.01])
def test_one_sentence_of_every_run_is_held_out_not_always_the_same(share):
    held_out = split(np.arange(20_001) * 3, share).held_out[:, 0] // 3
    assert len(held_out) == pytest.approx(20_000 * share, abs=1)
    runs = np.floor(held_out * share + 1e-9)
    assert (np.diff(runs) >= 0).all()
    assert abs(runs - np.arange(len(runs))).max() <= 1
    assert 0.35 < np.mean(held_out % 2) < 0.65  # verse and translation, question and answer: some of both


def test_sentences_of_thousands_of_tokens_are_held_out_in_pieces():
    offsets = np.array([0, 10, 1_000_010, 1_000_020])
    parted = split(offsets, 0.01)
    assert len(parted.held_out) == pytest.approx(10, abs=1)
    assert (parted.held_out[:, 1] - parted.held_out[:, 0] <= PIECE_TOKENS).all()
    assert set(parted.sentence_offsets) == {*offsets, *parted.held_out[:, :2].ravel()}


def test_without_a_holdout_nothing_changes():
    offsets = np.array([0, 90, 2_050, 10_000])
    parted = split(offsets, 0.0)
    assert parted.sentence_offsets is offsets
    assert (parted.training == pieces(offsets)).all()
    assert len(parted.held_out) == 0
    assert parted.parts == 1


@pytest.mark.parametrize(
    ("offsets", "share", "message"),
    [
        ([0, 5], 0.01, "holdout = 0.01 of 1 sentence holds out nothing: raise it"),
        (range(0, 30, 3), 1e-9, "of 9 sentences holds out nothing"),
        (range(400), 0.1, "holds out 39, none of which has two words beside each other"),
    ],
)
def test_too_little_to_measure_is_an_error(offsets, share, message):
    with pytest.raises(CorpusError, match=message):
        split(np.array(offsets), share)


def test_too_little_to_train_on_is_an_error(monkeypatch):
    monkeypatch.setattr("wordkin.training.schedule._chosen", lambda number, _share: np.arange(number))
    with pytest.raises(CorpusError, match=r"holdout = 0\.5 of 2 sentences holds out all of it"):
        split(np.array([0, 5, 9]), 0.5)


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_held_out_text_is_never_trained_on(architecture, output_layer):
    """Words that stand in held-out text alone keep their first vectors; half of it lies within a long sentence."""
    sentences = [["the", "cat", "sat", "down"]] * 300 + [["the", "cat", "ran", "off"] * 2_500]
    held_out = split(np.cumsum([0, *map(len, sentences)]), 0.1).held_out
    tokens = [token for sentence in sentences for token in sentence]
    for begin, end, _ in held_out:
        tokens[begin:end] = [f"held{position % 3}" for position in range(end - begin)]
    ends = np.cumsum([0, *map(len, sentences)])
    corpus = encode([tokens[begin:end] for begin, end in itertools.pairwise(ends)], TrainingConfig(min_count=1))
    for share, same in ((0.1, True), (0.0, False)):
        _, weights = trained(corpus, holdout=share, architecture=architecture, output_layer=output_layer, sample=0)
        first = weights_of(len(corpus.vocabulary), 20).input
        rows = [corpus.vocabulary.rows[f"held{number}"] for number in range(3)]
        assert (weights.input[rows] == first[rows]).all() == same
        assert (weights.input != first).any()


def test_chunks_are_as_long_as_without(sentences):
    corpus = encode(sentences * 60, TrainingConfig())
    whole, parted = (ChunkTrainer(corpus, TrainingConfig(holdout=share)) for share in (0.0, 0.2))
    assert parted.tokens == pytest.approx(0.8 * whole.tokens, rel=0.01)
    assert parted.number_of_chunks == pytest.approx(whole.number_of_chunks, abs=1)
    assert sum(chunk.end - chunk.begin for chunk in parted.chunks(0)) == parted.tokens


# --- The loss on it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
def test_measuring_changes_no_byte(sentences, architecture, output_layer):
    trainer, weights = trained(
        encode(sentences * 20, TrainingConfig()), architecture=architecture, output_layer=output_layer, threads=2
    )
    before = weights.input.tobytes(), weights.output.tobytes()
    losses = {trainer.holdout_loss(weights, never).mean_loss for _ in range(3)}
    assert before == (weights.input.tobytes(), weights.output.tobytes())
    assert len(losses) == 1
    assert 0.1 < losses.pop() < 0.69


@pytest.mark.parametrize(("architecture", "output_layer"), VARIANTS)
@pytest.mark.parametrize(
    "parameters",
    [
        {"threads": 1},
        {"threads": 3},
        {"seed": 2**63 - 1},
        {"sample": 0},
        {"learning_rate": 0.01},
        {"epochs": 99},
        {"deterministic": True},
    ],
)
def test_it_depends_on_nothing_but_the_weights_and_the_pairs(sentences, architecture, output_layer, parameters):
    variant = {"architecture": architecture, "output_layer": output_layer}
    corpus = encode(sentences * 20, TrainingConfig())
    trainer, weights = trained(corpus, **variant)
    other = ChunkTrainer(corpus, TrainingConfig(**{"vector_size": 20, "holdout": 0.1} | variant | parameters))
    assert other.holdout_loss(weights, never).mean_loss == trainer.holdout_loss(weights, never).mean_loss


@pytest.mark.parametrize("vector_size", [20, 300])
def test_the_pairs_are_the_same_for_any_vector_size(sentences, vector_size):
    """Equal numbers in more dimensions: the same loss, but for rounding."""
    corpus = encode(sentences * 20, TrainingConfig())
    trainer, weights = trained(corpus)
    other = ChunkTrainer(corpus, TrainingConfig(vector_size=vector_size, holdout=0.1, window=5))
    room = weights_of(len(corpus.vocabulary), vector_size)
    for target, source in zip(room, weights, strict=True):
        target[...] = 0
        target[:, :20] = source[:, :20]
    assert other.holdout_loss(room, never).mean_loss == pytest.approx(
        trainer.holdout_loss(weights, never).mean_loss, rel=1e-6
    )


def test_it_is_the_mean_of_j_over_the_held_out_pairs(sentences):
    """Huffman paths and whole windows leave nothing to chance: a few lines of NumPy give the same number."""
    corpus = encode(sentences, TrainingConfig())
    trainer, (V, W) = trained(corpus, output_layer="hierarchical-softmax", shrink_window=False, window=3)
    tree = huffman.tree(corpus.vocabulary.counts)
    losses = []
    for begin, end, _ in trainer.held_out:
        words = corpus.ids[begin:end]
        for position, word in enumerate(words):
            near = np.concatenate([words[max(0, position - 3) : position], words[position + 1 : position + 4]])
            path = slice(tree.offsets[word], tree.offsets[word + 1])
            scores = V[near].astype(np.float64) @ W[tree.nodes[path]].T
            losses.append(np.log1p(np.exp(-tree.signs[path] * scores)).ravel())
    assert trainer.holdout_loss(Weights(V, W), never).mean_loss == pytest.approx(
        np.concatenate(losses).mean(), rel=1e-6
    )


def test_it_stops_when_asked(sentences):
    trainer, weights = trained(encode(sentences * 20, TrainingConfig()), threads=2)
    asked = iter([False, False, True])
    assert trainer.holdout_loss(weights, lambda: next(asked)) is None


def test_it_says_how_much_is_held_out(sentences):
    assert held_out_text(*trained(encode(sentences, TrainingConfig()))[0].held_out_size) == (
        "held out: 80 sentences, 960 tokens, which are not trained on"
    )


def test_every_epoch_has_it(sentences, caplog):
    caplog.set_level("INFO")
    model = Word2Vec(vector_size=12, epochs=3, threads=1, holdout=0.1).fit(sentences)
    assert model.history[0].tokens == 8640
    losses = [record.holdout_loss for record in model.history]
    assert losses == sorted(losses, reverse=True)
    assert 0.3 < losses[-1] < losses[0] < 0.69
    assert [record["holdout_loss"] for record in model.vectors.history] == losses
    assert model.vectors.config["holdout"] == 0.1
    assert model.best_epoch == 3
    assert f"epoch 3: loss {model.history[2].loss:.4f}, held-out loss {losses[2]:.4f}" in caplog.messages
    assert Word2Vec(vector_size=12, epochs=1, threads=1).fit(sentences).history[0].holdout_loss is None


def test_a_text_in_one_line_can_be_held_out_from(sentences):
    line = [[token for sentence in sentences * 10 for token in sentence]]
    model = Word2Vec(vector_size=12, epochs=1, threads=2, holdout=0.02).fit(line)
    assert model.history[0].tokens == pytest.approx(0.98 * len(line[0]), rel=0.02)
    assert 0 < model.history[0].holdout_loss < 0.69


def test_an_error_while_measuring_is_raised(sentences, monkeypatch):
    original = ChunkTrainer._run

    def run(self, weights, epoch, chunk, mode):
        if epoch > 10:
            raise ZeroDivisionError("while measuring")
        return original(self, weights, epoch, chunk, mode)

    monkeypatch.setattr(ChunkTrainer, "_run", run)
    with pytest.raises(ZeroDivisionError, match="while measuring"):
        Word2Vec(vector_size=12, epochs=1, threads=2, holdout=0.1).fit(sentences * 20)
