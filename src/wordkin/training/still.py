"""A trainer that changes no weight: all the work of training, with η = 0."""

from wordkin.training.trainer import ChunkTrainer


class StillTrainer(ChunkTrainer):
    """Does what another trainer does, but for the step: v + 0 is v, so that every weight keeps its value."""

    def __init__(self, trainer: ChunkTrainer) -> None:
        vars(self).update(vars(trainer))

    def rate_at(self, _epoch: int, _token: int) -> float:
        """No step."""
        return 0.0
