"""One training step of a GPT in PyTorch, driven over stdin and stdout by `cameo bench step --peer torch`.

Protocol, one JSON object a line. First line in: the preset's numbers and the file that holds the initial
weights (safetensors). Then {"run": n} runs n steps and answers {"ms": [...], "losses": [...]}; {"quit": true} ends.
The model follows nanoGPT (pre-norm, exact GELU, tied head, no bias); the optimizer is torch.optim.Adam.
"""
import json
import struct
import sys
import time

import numpy
import torch
import torch.nn.functional as F


def read_safetensors(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        body = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        array = numpy.frombuffer(body[begin:end], dtype=numpy.float32).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy()).requires_grad_(True)
    return tensors


def forward(w, tokens, layers, heads):
    batch, context = tokens.shape
    x = w["wte.weight"][tokens] + w["wpe.weight"][:context]
    width = x.shape[-1]
    for layer in range(layers):
        p = f"blocks.{layer}."
        h = F.layer_norm(x, (width,), w[p + "ln1.weight"])
        q, k, v = (h @ w[p + "attention.qkv.weight"].T).split(width, dim=2)
        q, k, v = (t.view(batch, context, heads, width // heads).transpose(1, 2) for t in (q, k, v))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        a = a.transpose(1, 2).contiguous().view(batch, context, width)
        x = x + a @ w[p + "attention.output.weight"].T
        h = F.layer_norm(x, (width,), w[p + "ln2.weight"])
        x = x + F.gelu(h @ w[p + "mlp.up.weight"].T) @ w[p + "mlp.down.weight"].T
    x = F.layer_norm(x, (width,), w["norm.weight"])
    return x @ w["wte.weight"].T


def main():
    setup = json.loads(sys.stdin.readline())
    torch.set_num_threads(setup["threads"])
    weights = read_safetensors(setup["weights"])
    layers, heads = setup["layers"], setup["heads"]
    tokens = torch.tensor(setup["tokens"], dtype=torch.long).view(setup["batch"], setup["context"])
    targets = torch.tensor(setup["targets"], dtype=torch.long).view(setup["batch"], setup["context"])
    optimizer = torch.optim.Adam(weights.values(), lr=setup["learningRate"], betas=tuple(setup["betas"]))

    def step():
        logits = forward(weights, tokens, layers, heads)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    print(json.dumps({"ready": True, "torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("quit"):
            break
        times, losses = [], []
        for _ in range(message["run"]):
            start = time.perf_counter()
            losses.append(step())
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times, "losses": losses}), flush=True)


main()
