"""One training step in PyTorch, driven over stdin and stdout by `cameo bench step --peer torch`.

Protocol, one JSON object a line. First line in: the preset's settings and the file that holds the initial weights and,
under "batch/", the batch (safetensors). Then {"run": n} runs n steps and answers {"ms": [...], "losses": [...]};
{"quit": true} ends.
The GPT follows nanoGPT (pre-norm, exact GELU, tied head, no bias), the ResNet torchvision; names of weights are Cameo's.
"""
import json
import struct
import sys
import time

import numpy
import torch
import torch.nn.functional as F

DTYPES = {"F32": numpy.float32, "I32": numpy.int32}


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
        array = numpy.frombuffer(body[begin:end], dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors


def gpt(w, tokens, layers, heads):
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
    return (x @ w["wte.weight"].T).flatten(0, 1)


def batch_norm(w, path, x):
    return F.batch_norm(
        x,
        w[path + ".runningMean"],
        w[path + ".runningVariance"],
        w[path + ".weight"],
        w[path + ".bias"],
        training=True,
    )


def resnet(w, x, blocks):
    x = F.relu(batch_norm(w, "bn1", F.conv2d(x, w["conv1.weight"], padding=1)), inplace=True)
    for stage, count in enumerate(blocks, 1):
        for block in range(count):
            p = f"layer{stage}.{block}."
            stride = 2 if stage > 1 and block == 0 else 1
            h = F.conv2d(x, w[p + "conv1.weight"], stride=stride, padding=1)
            h = F.relu(batch_norm(w, p + "bn1", h), inplace=True)
            h = batch_norm(w, p + "bn2", F.conv2d(h, w[p + "conv2.weight"], padding=1))
            if p + "downsample.0.weight" in w:
                x = batch_norm(w, p + "downsample.1", F.conv2d(x, w[p + "downsample.0.weight"], stride=stride))
            h += x
            x = F.relu(h, inplace=True)
    return F.linear(x.mean((2, 3)), w["fc.weight"], w["fc.bias"])


def cnn(w, x):
    for name in ("conv1", "conv2"):
        x = F.relu(F.max_pool2d(F.conv2d(x, w[name + ".weight"], w[name + ".bias"], padding=2), 2), inplace=True)
    x = F.relu(F.linear(x.flatten(1), w["dense1.weight"], w["dense1.bias"]))
    return F.linear(x, w["dense2.weight"], w["dense2.bias"])


def scores_of(setup, weights, batch):
    if setup["model"] == "gpt":
        return gpt(weights, batch["tokens"], setup["layers"], setup["heads"])
    if setup["model"] == "resnet18-cifar":
        return resnet(weights, batch["images"], (2, 2, 2, 2))
    return cnn(weights, batch["images"])


def optimizer_of(setup, parameters):
    if setup["optimizer"] == "adam":
        return torch.optim.Adam(parameters, lr=setup["learningRate"], betas=tuple(setup["betas"]))
    return torch.optim.SGD(parameters, lr=setup["learningRate"], momentum=setup["momentum"])


def main():
    setup = json.loads(sys.stdin.readline())
    torch.set_num_threads(setup["threads"])
    device = setup.get("device", "cpu")
    if device != "cpu" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU here")
    tensors = {name: value.to(device) for name, value in read_safetensors(setup["tensors"]).items()}
    batch = {name[6:]: value for name, value in tensors.items() if name.startswith("batch/")}
    batch = {name: value if value.is_floating_point() else value.long() for name, value in batch.items()}
    weights = {name: value for name, value in tensors.items() if not name.startswith("batch/")}
    trained = [value.requires_grad_(True) for name, value in weights.items() if ".running" not in name]
    optimizer = optimizer_of(setup, trained)
    labels = batch["labels"].flatten()

    def step():
        loss = F.cross_entropy(scores_of(setup, weights, batch), labels)
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
