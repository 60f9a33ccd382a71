"""Makes fixtures/nn/*.json: what PyTorch computes, for src/nn/*.test.ts to agree with.

    pip install -r test/reference/requirements.txt
    python test/reference/make-nn-fixtures.py

PyTorch runs in float64 on inputs that float32 holds exactly (multiples of 1/64), so the numbers are the true ones to all
nine digits. Each case has its inputs, its parameters under our names, a random upstream gradient, the output, and the
gradients of sum(upstream * output). Cases draw from generators of their own, so adding one leaves the others as they are.
"""

import json
import pathlib
import warnings
import zlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
warnings.filterwarnings("ignore")

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "nn"
VERSIONS = {"torch": torch.__version__.split("+")[0], "numpy": np.__version__}

# PyTorch's names that differ from ours.
OURS = {"running_mean": "runningMean", "running_var": "runningVariance"}


def rng_of(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def draw(rng, *shape, scale=1.0):
    return torch.tensor(np.round(rng.standard_normal(shape) * scale * 64) / 64)


def tensor(value):
    value = value.detach().numpy()
    if value.dtype == np.int64:
        return {"dtype": "int64", "shape": list(value.shape), "data": value.ravel().tolist()}
    return {"shape": list(value.shape), "data": [float(f"{x:.9g}") for x in value.ravel()]}


def our_name(name):
    head, _, last = name.rpartition(".")
    return f"{head}.{OURS.get(last, last)}" if head else OURS.get(last, last)


def differentiate(rng, output, inputs):
    """Upstream gradient, output, and gradients of the float inputs."""
    wanted = {name: value for name, value in inputs.items() if value.requires_grad}
    upstream = draw(rng, *output.shape)
    gradients = torch.autograd.grad(output, list(wanted.values()), upstream)
    return {
        "upstream": tensor(upstream),
        "output": tensor(output),
        "gradients": {name: tensor(value) for name, value in zip(wanted, gradients)},
    }


def of_module(name, module, x, training=True):
    """A case of a module with random parameters and buffers."""
    rng = rng_of(name)
    module.train(training)
    x = draw(rng, *x) if isinstance(x, tuple) else x
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            parameter.copy_(draw(rng, *parameter.shape, scale=0.5))
        for key, buffer in module.named_buffers():
            if key.endswith("running_mean"):
                buffer.copy_(draw(rng, *buffer.shape))
            if key.endswith("running_var"):
                buffer.copy_(1 + draw(rng, *buffer.shape).abs())
    state = {k: v.clone() for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}
    x.requires_grad_(x.is_floating_point())
    case = {
        "training": training,
        "inputs": {"x": tensor(x)},
        "parameters": {our_name(k): tensor(v) for k, v in state.items()},
    }
    output = module(x)
    case |= differentiate(rng, output, {"x": x, **{our_name(k): p for k, p in module.named_parameters()}})
    if training:
        buffers = {k: v for k, v in module.named_buffers() if not k.endswith("num_batches_tracked")}
        case["updates"] = {our_name(k): tensor(v) for k, v in buffers.items()}
    return case


class Named(nn.Module):
    """A module whose parts have our names."""

    def __init__(self, apply, **parts):
        super().__init__()
        self.apply_parts = apply
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.apply_parts(self, x)


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def mlp(inputs, hidden, outputs, activation):
    return Named(
        lambda m, x: m.down(activation(m.up(x))), up=nn.Linear(inputs, hidden), down=nn.Linear(hidden, outputs)
    )


def swiglu(inputs, hidden):
    return Named(
        lambda m, x: m.down(F.silu(m.gate(x)) * m.up(x)),
        gate=nn.Linear(inputs, hidden, bias=False),
        up=nn.Linear(inputs, hidden, bias=False),
        down=nn.Linear(hidden, inputs, bias=False),
    )


def rotate(x, base):
    """x [batch, heads, T, D] turned by its position, in the half-split form of Llama."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[-2])[:, None] * base ** (-torch.arange(half) / half)
    cos, sin = (torch.cat([part, part], dim=-1) for part in (torch.cos(angle), torch.sin(angle)))
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin


def attention(width, heads, kv_heads=None, causal=True, base=None, bias=True):
    """Sequence first, [T, B, C]."""
    kv = kv_heads or heads
    size = width // heads

    def apply(m, x):
        length, batch, _ = x.shape
        parts = m.qkv(x).split([heads * size, kv * size, kv * size], dim=-1)
        q, k, v = (p.view(length, batch, n, size).permute(1, 2, 0, 3) for p, n in zip(parts, (heads, kv, kv)))
        if base is not None:
            q, k = rotate(q, base), rotate(k, base)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=kv != heads)
        return m.output(y.permute(2, 0, 1, 3).reshape(length, batch, width))

    return Named(
        apply,
        qkv=nn.Linear(width, (heads + 2 * kv) * size, bias=bias),
        output=nn.Linear(width, width, bias=bias),
    )


def residual(size):
    inner = nn.Linear(size, size)
    return Named(lambda m, x: x + F.linear(x, m.weight, m.bias), weight=inner.weight, bias=inner.bias)


ACTIVATIONS = {
    "relu": F.relu,
    "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "leakyRelu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "mish": F.mish,
    "hardSwish": F.hardswish,
    "identity": lambda x: x * 1,
}


def layers():
    indices = torch.tensor([[3, 0, 3], [1, 6, 3]])
    modules = {
        "linear": (nn.Linear(4, 5), (2, 3, 4)),
        "linear without bias": (nn.Linear(4, 3, bias=False), (5, 4)),
        "linear of a vector": (nn.Linear(4, 3), (4,)),
        "embedding": (nn.Embedding(7, 3), indices),
        "layerNorm": (nn.LayerNorm(6), (2, 3, 6)),
        "layerNorm without bias": (nn.LayerNorm(6, eps=1e-3, bias=False), (4, 6)),
        "rmsNorm": (nn.RMSNorm(6, eps=1e-6), (2, 3, 6)),
        "groupNorm": (nn.GroupNorm(2, 4), (2, 4, 3, 2)),
        "groupNorm 1d": (nn.GroupNorm(4, 4, eps=1e-3), (2, 4, 5)),
        "batchNorm 1d": (nn.BatchNorm1d(3), (6, 3)),
        "batchNorm 1d with length": (nn.BatchNorm1d(3, momentum=0.3), (3, 3, 4)),
        "batchNorm 2d": (nn.BatchNorm2d(3, eps=1e-3), (2, 3, 2, 3)),
        "mlp gelu": (mlp(4, 6, 3, F.gelu), (5, 4)),
        "mlp relu": (mlp(4, 6, 4, F.relu), (2, 2, 4)),
        "mlp gated": (swiglu(4, 6), (2, 3, 4)),
        "conv1d": (nn.Conv1d(3, 4, 3, stride=2, padding=1), (2, 3, 8)),
        "conv1d dilated": (nn.Conv1d(2, 3, 3, dilation=2), (2, 2, 7)),
        "conv2d": (nn.Conv2d(3, 4, 3), (2, 3, 5, 6)),
        "conv2d same": (nn.Conv2d(2, 3, (4, 3), padding="same"), (2, 2, 5, 4)),
        "conv2d strided": (nn.Conv2d(2, 4, (3, 2), stride=(2, 3), padding=(1, 0), dilation=(1, 2)), (2, 2, 6, 9)),
        "conv2d grouped": (nn.Conv2d(4, 6, 3, padding=1, groups=2), (2, 4, 4, 4)),
        "conv2d depthwise": (nn.Conv2d(3, 3, 3, padding=1, stride=2, groups=3, bias=False), (2, 3, 5, 5)),
        "convTranspose2d": (nn.ConvTranspose2d(3, 4, 3), (2, 3, 3, 2)),
        "convTranspose2d strided": (
            nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2),
            (2, 4, 3, 4),
        ),
        "maxPool2d": (nn.MaxPool2d(2), (2, 2, 5, 4)),
        "maxPool2d padded": (nn.MaxPool2d(3, stride=2, padding=1), (2, 2, 6, 5)),
        "averagePool2d": (nn.AvgPool2d(2), (2, 2, 4, 5)),
        "averagePool2d padded": (nn.AvgPool2d(3, stride=2, padding=1), (2, 2, 6, 5)),
        "averagePool2d without padding": (
            nn.AvgPool2d((3, 2), stride=(2, 1), padding=(1, 0), count_include_pad=False),
            (2, 2, 6, 5),
        ),
        "globalAveragePool": (Function(lambda x: x.mean((2, 3))), (2, 3, 4, 2)),
        "flatten": (nn.Flatten(), (2, 3, 2, 2)),
        "softmax": (nn.Softmax(dim=1), (3, 4, 2)),
        "leakyRelu 0.2": (nn.LeakyReLU(0.2), (10,)),
        "elu 0.5": (nn.ELU(0.5), (10,)),
        "sequential": (nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2, bias=False)), (4, 3)),
        "attention": (attention(8, 2), (5, 3, 8)),
        "attention, not causal, no bias": (attention(8, 4, causal=False, bias=False), (4, 2, 8)),
        "attention grouped": (attention(12, 6, kv_heads=2), (5, 2, 12)),
        "attention rotary": (attention(8, 2, base=10000.0), (6, 2, 8)),
        "attention grouped rotary": (attention(16, 4, kv_heads=1, base=100.0, bias=False), (5, 2, 16)),
        "residual": (residual(4), (3, 4)),
    }
    cases = {name: of_module(name, module, x) for name, (module, x) in modules.items()}
    for name in ["batchNorm 1d", "batchNorm 2d", "rmsNorm", "layerNorm"]:
        module, x = modules[name]
        cases[f"{name}, inference"] = of_module(f"{name}, inference", module, x, training=False)
    edges = torch.tensor([-30.0, -4.5, -3, -1, -0.25, 0, 0.25, 1, 2.75, 3, 6.5, 30])
    for name, function in ACTIVATIONS.items():
        # At 0 and at the ends of hardSwish's slope the derivative is a convention; each side has its own.
        x = edges[(edges != 0) & (edges.abs() != 3)] if name in ["relu", "leakyRelu", "hardSwish"] else edges
        cases[f"activation {name}"] = of_module(f"activation {name}", Function(function), x.clone())
    return cases


def of_loss(name, function, inputs, wanted):
    rng = rng_of(f"upstream of {name}")
    inputs = {key: value.clone().requires_grad_(key in wanted) for key, value in inputs.items()}
    output = function(*inputs.values())
    return {"inputs": {k: tensor(v) for k, v in inputs.items()}, **differentiate(rng, output, inputs)}


def losses():
    cases = {}

    def add(name, function, inputs, wanted=None):
        cases[name] = of_loss(name, function, inputs, wanted or [next(iter(inputs))])

    r = rng_of("losses")
    logits, labels = draw(r, 6, 5, scale=2), torch.tensor([1, 0, 4, 4, 2, 3])
    padded = torch.tensor([1, -100, 4, 4, -100, 3])
    weight = torch.tensor([0.5, 2, 1, 0.25, 1.5])
    classes = {"logits": logits, "labels": labels}
    some = {"logits": logits, "labels": padded}
    for reduction in ["mean", "sum", "none"]:
        kinds = {
            "": (classes, {}),
            " smoothed": (classes, {"label_smoothing": 0.1}),
            " ignoring": (some, {"ignore_index": -100}),
            " weighted": (classes, {"weight": weight}),
            " with all": (some, {"ignore_index": -100, "weight": weight, "label_smoothing": 0.2}),
        }
        for kind, (inputs, options) in kinds.items():
            add(
                f"crossEntropy{kind} {reduction}",
                lambda x, y, o=options, r=reduction: F.cross_entropy(x, y, reduction=r, **o),
                inputs,
            )
    far = {"logits": logits * 40, "labels": labels}
    add("crossEntropy of large logits", F.cross_entropy, far)

    yes = {"logits": torch.tensor([-90.0, -20, -1.5, 0, 0.75, 3, 20, 90]), "targets": torch.tensor([0, 1, 0, 0.5, 1, 0.25, 0, 1.0])}
    add("binaryCrossEntropyWithLogits", F.binary_cross_entropy_with_logits, yes)
    add(
        "binaryCrossEntropyWithLogits weighted none",
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(3.0), reduction="none"),
        yes,
    )

    pair = {"prediction": draw(r, 4, 3, scale=2), "target": draw(r, 4, 3)}
    both = ["prediction", "target"]
    add("meanSquaredError", F.mse_loss, pair, both)
    add("meanSquaredError sum", lambda p, t: F.mse_loss(p, t, reduction="sum"), pair, both)
    add("meanAbsoluteError", F.l1_loss, pair, both)
    add("huber", F.huber_loss, pair, both)
    add("huber 0.5 none", lambda p, t: F.huber_loss(p, t, delta=0.5, reduction="none"), pair)
    add("smoothL1", F.smooth_l1_loss, pair)
    add("smoothL1 0.5 sum", lambda p, t: F.smooth_l1_loss(p, t, beta=0.5, reduction="sum"), pair)

    # Probabilities that float32 holds: parts of 64.
    parts = torch.tensor([[10, 0, 54, 0], [1, 31, 16, 16], [16, 16, 16, 16.0]]) / 64
    log_prediction = torch.round(F.log_softmax(draw(r, 3, 4), dim=1) * 64) / 64
    kl = {"logPrediction": log_prediction, "target": parts}
    add("klDivergence", lambda p, t: F.kl_div(p, t, reduction="batchmean"), kl)
    add("klDivergence mean", lambda p, t: F.kl_div(p, t, reduction="mean"), kl)
    log_target = torch.round(F.log_softmax(draw(r, 3, 4), dim=1) * 64) / 64
    add(
        "klDivergence of logarithms sum",
        lambda p, t: F.kl_div(p, t, reduction="sum", log_target=True),
        {"logPrediction": log_prediction, "target": log_target},
        ["logPrediction", "target"],
    )

    signs = torch.tensor([1.0, -1, -1, 1, 1, -1])
    # PyTorch has no loss of this form; these are its operations.
    add("hinge", lambda s, y: torch.relu(1 - y * s).mean(), {"scores": draw(r, 6, scale=2), "labels": signs})
    vectors = {"a": draw(r, 6, 4), "b": draw(r, 6, 4), "labels": signs}
    add("cosineEmbedding", F.cosine_embedding_loss, vectors, ["a", "b"])
    add(
        "cosineEmbedding 0.3 none",
        lambda a, b, y: F.cosine_embedding_loss(a, b, y, margin=0.3, reduction="none"),
        vectors,
        ["a", "b"],
    )
    return cases


def initializers():
    shapes = [(5, 3), (8, 4, 3), (6, 2, 3, 5)]
    gains = {"linear": "linear", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leakyRelu": "leaky_relu", "selu": "selu"}
    return {
        "fans": [{"shape": s, "fans": nn.init._calculate_fan_in_and_fan_out(torch.empty(s))} for s in shapes],
        "gains": {ours: nn.init.calculate_gain(theirs) for ours, theirs in gains.items()},
        "leakyReluGain": nn.init.calculate_gain("leaky_relu", 0.2),
    }


def write(name, content):
    """One case a line, so that a change of one shows as one."""
    head = f'{{"versions": {json.dumps(VERSIONS)},\n"cases": {{\n'
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in content.items()]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(head + ",\n".join(lines) + "\n}}\n")


write("layers", layers())
write("losses", losses())
write("initializers", initializers())
