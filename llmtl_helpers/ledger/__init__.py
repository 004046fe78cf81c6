"""The ledger: every run that was made, shipped or own, under one schema."""

from llmtl_helpers.ledger.choice import shipped_or_own
from llmtl_helpers.ledger.gold import Gold, shipped_gold, write_gold
from llmtl_helpers.ledger.schema import FIELDS, SCHEMA, check
from llmtl_helpers.ledger.store import Ledger, correct_flags, pack_flags, write_shipped

__all__ = ["FIELDS", "SCHEMA", "Gold", "Ledger", "check", "correct_flags", "pack_flags",
           "shipped_gold", "shipped_or_own", "write_gold", "write_shipped"]
