"""Training to convergence: when to stop, and which weights to keep. Taught in 11."""


class Best:
    """Early stopping: the weights of the least validation loss, and when to stop looking.

    With patience 0 it keeps nothing and never stops.
    """

    def __init__(self, patience: int):
        self.patience, self.update, self.loss, self.waited = patience, 0, float("inf"), 0
        self.weights: list[tuple] = []

    @property
    def enough(self) -> bool:
        return 0 < self.patience <= self.waited

    def look(self, update: int, loss: float, model) -> None:
        if not self.patience:
            return
        self.waited += 1
        if loss < self.loss:
            self.update, self.loss, self.waited = update, loss, 0
            # by object, not by name: a table is found again after its stand-in is gone
            self.weights = [(weight, weight.detach().clone()) for weight in model.parameters()]

    def restore(self) -> None:
        for weight, kept in self.weights:
            weight.data.copy_(kept)
