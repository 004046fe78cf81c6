"""Interview questions: their texts, and the numbers and figures that answer them from the ledger."""

from llmtl_helpers.interview import cards
from llmtl_helpers.interview.across import across_tasks
from llmtl_helpers.interview.measures import fill
from llmtl_helpers.interview.questions import LEVELS, Question, read_questions
from llmtl_helpers.interview.rehearsal import Rehearsal

__all__ = ["LEVELS", "Question", "Rehearsal", "across_tasks", "cards", "fill", "read_questions"]
