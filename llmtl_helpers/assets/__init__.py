"""What the suite fetches once and then keeps: a checkpoint, labelled texts, hub snapshots."""

from llmtl_helpers.assets.catalogue import CATALOGUE, Asset
from llmtl_helpers.assets.fetch import asset_path, fetch_asset
from llmtl_helpers.assets.hub import fetch_hub_snapshot, hub_snapshot
from llmtl_helpers.assets.store import state, verify

__all__ = ["CATALOGUE", "Asset", "asset_path", "fetch_asset", "fetch_hub_snapshot", "hub_snapshot",
           "state", "verify"]
