"""Training to convergence: which weights to keep, and when to stop looking. Taught in 11."""


class Best:
    """Early stopping: the weights of the best validation score, and when to stop looking.

    Among equal scores the least validation loss is best. The loss alone would be a poor judge
    here: it rises as soon as a network grows sure of itself, while its accuracy still climbs.
    With patience 0 it keeps nothing and never stops.
    """

    def __init__(self, patience: int):
        self.patience, self.update, self.waited = patience, 0, 0
        self.best = (float("-inf"), float("-inf"))  # score, minus loss
        self.weights: list[tuple] = []

    @property
    def enough(self) -> bool:
        return 0 < self.patience <= self.waited

    def look(self, update: int, score: float, loss: float, model) -> None:
        if not self.patience:
            return
        self.waited += 1
        if (score, -loss) > self.best:
            self.update, self.best, self.waited = update, (score, -loss), 0
            # by object, not by name: a table is found again after its stand-in is gone
            self.weights = [(weight, weight.detach().clone()) for weight in model.parameters()]

    def restore(self) -> None:
        for weight, kept in self.weights:
            weight.data.copy_(kept)
