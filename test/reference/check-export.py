"""Checks an exported language model with ONNX's own checker and Python's ONNX Runtime.

usage: check-export.py MODEL.onnx CASES.json

CASES.json holds rows of token ids and the logits that Cameo computes for them. The model must pass the checker with shape
inference, have the interface of Hugging Face's decoders, give these logits for all rows at once, and give them again when the
same tokens come one by one with cached keys and values. Prints one JSON object with the largest differences.

Needs onnx and onnxruntime; versions in requirements.txt.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime


def empty_cache(session: onnxruntime.InferenceSession, batch: int) -> dict[str, np.ndarray]:
    cache = {}
    for value in session.get_inputs():
        if value.name.startswith("past_key_values."):
            _, heads, _, size = value.shape
            cache[value.name] = np.zeros((batch, heads, 0, size), np.float32)
    return cache


def run(session: onnxruntime.InferenceSession, tokens: np.ndarray, cache: dict[str, np.ndarray]):
    past = next(iter(cache.values())).shape[2]
    batch, length = tokens.shape
    feeds = {
        "input_ids": tokens,
        "attention_mask": np.ones((batch, past + length), np.int64),
        "position_ids": np.tile(np.arange(past, past + length, dtype=np.int64), (batch, 1)),
        **cache,
    }
    names = [output.name for output in session.get_outputs()]
    results = dict(zip(names, session.run(names, feeds)))
    logits = results.pop("logits")
    return logits, {name.replace("present", "past_key_values"): value for name, value in results.items()}


def main(model_path: str, cases_path: str) -> None:
    onnx.checker.check_model(model_path, full_check=True)
    model = onnx.load(model_path)
    domains = sorted({node.domain for node in model.graph.node})
    session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
    with open(cases_path, encoding="utf-8") as file:
        cases = json.load(file)
    tokens = np.array(cases["tokens"], np.int64)
    expected = np.array(cases["logits"], np.float32).reshape(*tokens.shape, -1)

    whole, _ = run(session, tokens, empty_cache(session, len(tokens)))
    cache = empty_cache(session, len(tokens))
    steps = []
    for position in range(tokens.shape[1]):
        logits, cache = run(session, tokens[:, position : position + 1], cache)
        steps.append(logits)
    report = {
        "whole": float(np.abs(whole - expected).max()),
        "cached": float(np.abs(np.concatenate(steps, axis=1) - expected).max()),
        "domains": domains,
        "opset": model.opset_import[0].version,
        "irVersion": model.ir_version,
        "inputs": [value.name for value in session.get_inputs()],
        "outputs": [value.name for value in session.get_outputs()],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
