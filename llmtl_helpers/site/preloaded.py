"""Loads what lessons load, once, in the process that their kernels are forked from."""

import accelerate  # noqa: F401
import datasets  # noqa: F401
import ipykernel.kernelapp  # noqa: F401
import peft  # noqa: F401
import sklearn.linear_model  # noqa: F401
import torch  # noqa: F401
from transformers import AutoModel, AutoTokenizer  # noqa: F401

import llmtl_helpers

for _name in llmtl_helpers.__all__:
    getattr(llmtl_helpers, _name)  # with what each of them needs
