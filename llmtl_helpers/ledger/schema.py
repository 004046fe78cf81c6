"""The one schema of the ledger: a run is one flat JSON object with these fields.

A field that is not listed here survives reading and writing, so that a newer suite can
add fields without breaking an older one. A row whose `schema` is higher than SCHEMA is
refused with a sentence, since its known fields may mean something else.
"""

from llmtl_helpers.errors import LearnerError

SCHEMA = 1


class NewerSchema(LearnerError):
    """The row was written by a newer suite: not broken, only not for this one."""


# name: (type, required, meaning)
FIELDS: dict[str, tuple[type | tuple[type, ...], bool, str]] = {
    # identity: everything that decides the result (hashed into `id`)
    "schema": (int, True, "version of this schema"),
    "id": (str, True, "first 16 hex digits of the SHA-256 of the identity fields"),
    "task": (str, True, "task name, such as sentiment/films"),
    "arm": (str, True, "arm of the comparison, see llmtl_helpers.arms"),
    "checkpoint": (str, True, "name of the checkpoint, or 'none'"),
    "init": (str, True, "'pretrained', 'random' or 'none'"),
    "strategy": (str, True, "what is trained, a name in training.strategies"),
    "n": (int, True, "number of labelled training examples, or of target tokens, asked for"),
    "subset_seed": (int, True, "seed that orders the training pool; slices of one seed are nested"),
    "run_seed": (int, True, "seed of head, batch order and dropout (and of random weights)"),
    "updates": (int, True, "optimizer steps; 0 where nothing is trained by gradient"),
    "batch_size": (int, True, "examples per update"),
    "learning_rate": ((float, type(None)), True, "peak learning rate of AdamW, or null"),
    "inverse_regularisation": ((float, type(None)), True, "C of logistic regression, or null"),
    "max_length": (int, True, "tokens per text, longer texts are cut"),
    "budget": (str, True, "training rule; rows of different budgets never share a figure"),
    "purpose": (str, True, "'curve', 'trial' (choice of the knob), 'live', or a study's name"),
    "validation_limit": (int, True, "most validation examples used (never more than n)"),
    "test_limit": ((int, type(None)), True, "most test examples used, or null for all"),
    "data_fingerprint": (str, True, "hash of the task's splits"),
    "patience": (int, False, "evaluations without a better validation score after which training "
                             "ends, the best weights kept; not there: all updates are made"),
    "leaked": (int, False, "training examples that were replaced by test examples, to show what "
                           "a leak does; not there: none"),
    "trained_blocks": (int, False, "blocks trained by the strategy top_blocks, from the top; not "
                                   "there: none, the head alone"),
    "adapter_rank": (int, False, "rank of the matrices that the strategy adapters adds (LoRA)"),
    "adapter_targets": (str, False, "layers they are added to, comma between; not there: those "
                                    "that peft has for the architecture"),
    "head_first": (int, False, "1: the head starts as a linear probe of the untouched body"),
    "gradual": (int, False, "1: blocks join the training one by one, from the top"),
    "first_task": (str, False, "task that the same network was tuned on before"),
    "first_n": (int, False, "labelled examples of that task"),
    "first_fingerprint": (str, False, "hash of that task's splits"),
    "replay": (float, False, "share of the training examples that come from the first task again"),
    "also_tested": (list, False, "other tasks whose test sets the tuned model is tried on"),
    "also_probed": (list, False, "other tasks on which a linear probe of the tuned body is fitted"),
    "wording": (str, False, "of a prompt: chat; not there: plain text"),
    "weights_recipe": (str, True, "hash of the checkpoint file, or of the architecture when random"),
    # outcome
    "status": (str, True, "'done' or 'failed'"),
    "failure": (str, False, "why a failed run failed, in a sentence"),
    "metric": (str, True, "name of the task's primary metric"),
    "score": ((float, type(None)), True, "primary metric on the test set, more is better"),
    "accuracy": (float, False, "share of test examples that are right"),
    "macro_f1": (float, False, "unweighted mean of the classes' F1 on the test set"),
    "log_likelihood": (float, False, "mean log p(target token) on the test set, nats"),
    "text_log_likelihoods": (list, False, "log p(target) of each test text, in all, nats"),
    "text_targets": (list, False, "target tokens of each test text"),
    "added": (float, False, "what was added to each token's count"),
    "outputs": (list, False, "answers that were written to the first test texts, in order"),
    "seconds_writing": (float, False, "wall seconds of writing them"),
    "temperature": (float, False, "of the draws that wrote them; 0: the likeliest token each time"),
    "top_p": (float, False, "share of the likeliest tokens that were drawn from"),
    "rouge_1": (float, False, "mean F1 of words shared with the target"),
    "rouge_2": (float, False, "mean F1 of pairs of words shared with the target"),
    "rouge_l": (float, False, "mean F1 of the longest common sequence of words"),
    "chrf": (float, False, "chrF of all answers, 0 to 1"),
    "bleu": (float, False, "BLEU of all answers, 0 to 1"),
    "exact_match": (float, False, "share of answers that are the target"),
    "validation_score": ((float, type(None)), False, "primary metric on validation data at the end; of "
                                                     "written answers the mean log-likelihood"),
    "updates_done": (int, False, "optimizer steps really made, where patience ended the run"),
    "best_update": (int, False, "update whose weights were kept, where there was patience"),
    "history_updates": (list, False, "updates at which validation was scored (10 to 20 points)"),
    "history_scores": (list, False,
                       "validation scores at those updates (first 200 validation examples)"),
    "history_losses": (list, False, "mean training loss since the point before; null at update 0"),
    "correct": (str, False, "one bit per test example, hexadecimal, 1 = right"),
    "test_size": (int, False, "test examples scored"),
    "train_size": (int, False, "training examples really used"),
    "train_tokens": (int, False, "target tokens in them, where n counts tokens"),
    "train_classes": (list, False, "training examples per class, in label order"),
    "layer_scores": (list, False, "primary metric on the test set of a linear probe after the "
                                  "embeddings and after each block"),
    "layer_validation_scores": (list, False, "the same on validation data, by which C was chosen"),
    "layer_choices": (list, False, "the C that was chosen at each place"),
    "layer_similarity": (list, False, "linear CKA with the untouched checkpoint at each place, on "
                                      "the test texts"),
    "other_tests": (dict, False, "task in also_tested -> accuracy, macro_f1, test_size, correct, "
                                 "data_fingerprint"),
    "other_probes": (dict, False, "task in also_probed -> the same of a linear probe of the body, "
                                  "with train_size and the chosen C"),
    "parameters": (int, False, "weights of body and head"),
    "trained_parameters": (int, False, "weights that were updated"),
    "tokens": (int, False, "tokens trained on, padding left out"),
    "flops": (float, False, "estimate 6 x non-embedding weights x tokens, see cost"),
    "seconds": (float, False, "wall seconds of the whole run"),
    "seconds_training": (float, False, "wall seconds of the updates alone"),
    "peak_memory_mb": (float, False, "peak resident memory of the worker process, MiB"),
    # provenance
    "initial_weights": (str, False, "SHA-256 of the weights before the first update, head included"),
    "threads": (int, False, "torch threads"),
    "device": (str, False, "cpu, cuda or mps"),
    "matmul": (str, False, "products of the linear layers: onednn, default, or bfloat16 (factors and results rounded to it)"),
    "machine": (str, False, "kind of processor and number of cores, and the accelerator's kind"),
    "versions": (str, False, "python, torch, transformers, numpy and scikit-learn versions"),
    "commit": (str, False, "commit of the code, with + if it was changed"),
    "created": (str, False, "UTC time at which the run ended, ISO 8601"),
    "shipped": (bool, False, "set on reading: the row came with the suite"),
}


def check(row: dict, where: str = "the record") -> dict:
    """Return `row` if it follows the schema.

    Raises:
        NewerSchema: the row is of a newer schema.
        LearnerError: a required field is missing or mistyped.
    """
    if not isinstance(row, dict):
        raise LearnerError(f"{where} is not a run", "it holds no JSON object",
                           "delete it, or run `sweep` again to have it recomputed")
    version = row.get("schema")
    if isinstance(version, int) and version > SCHEMA:
        raise NewerSchema(f"{where} was written by a newer suite",
                          f"its schema is {version} and this suite reads up to {SCHEMA}",
                          "update the suite, or move the record away")
    for name, (kind, required, _) in FIELDS.items():
        if name not in row:
            if required:
                raise LearnerError(f"{where} is not a whole run", f"the field {name!r} is missing",
                                   "run `sweep` again to have it recomputed")
            continue
        value = row[name]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = kinds + (int,) if float in kinds else kinds
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in kinds):
            raise LearnerError(f"{where} is not a whole run",
                               f"the field {name!r} holds {type(value).__name__}",
                               "run `sweep` again to have it recomputed")
    return row
