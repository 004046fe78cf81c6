"""Interview questions: their texts, and the numbers and figures that answer them from the ledger."""

from llmtl_helpers.interview.measures import fill
from llmtl_helpers.interview.questions import LEVELS, Question, read_questions

__all__ = ["LEVELS", "Question", "fill", "read_questions"]
