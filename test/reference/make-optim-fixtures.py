"""Makes fixtures/optim/*.json: what PyTorch and Optax compute, for src/optim/*.test.ts to agree with.

    pip install -r test/reference/requirements.txt
    python test/reference/make-optim-fixtures.py

PyTorch and Optax run in float32; TF1 and Keras 3 are not installed, so theirs are the formulas of their kernels in
float64 with NumPy. The gradients are stored, not recomputed. Arrays are base64 of little-endian float32.
"""

import base64
import json
import math
import pathlib
import warnings

import jax
import numpy as np
import optax
import torch

# Float32 arrays stay float32; bias corrections and schedules become double, as PyTorch's are.
jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)
warnings.filterwarnings("ignore")

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "optim"
STEPS, CHANGE = 200, 100
SNAPSHOTS = [1, 2, 10, 100, 101, 200]
PARAMETERS = [("layer.weight", (3, 4)), ("layer.bias", (4,)), ("kernel", (2, 1, 3)), ("gain", ())]
SIZES = [math.prod(shape) for _, shape in PARAMETERS]
COUNT = sum(SIZES)
MATRIX = np.repeat([len(shape) >= 2 for _, shape in PARAMETERS], SIZES)


def pack(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def make_gradients():
    """Gradients of every size that float32 has trouble with, one row a step."""
    rng = np.random.default_rng(20260101)
    g = rng.standard_normal((STEPS, COUNT)) * 10.0 ** rng.uniform(-3, 1, (STEPS, COUNT))
    step = np.arange(STEPS)
    g[:, 0] = 0
    g[:, 1] = 1e-8 * np.where(step % 3 == 0, -1, 1)
    g[:, 2] = np.where(step % 50 == 20, 1e8, g[:, 2])
    g[:, 3] = 1e-40 * np.where(step % 2 == 0, 1, 3)
    g[:, 4] = np.where(step % 2 == 0, 0, g[:, 4])
    g[:, 5] = 1e-3
    g[:, 6] = np.where(step < 150, 0, g[:, 6])
    g[:, 7] = 1e8 * np.where(step % 7 == 0, -1, 1)
    g[:, 12] = 1e-8
    g[:, 13] = np.where(step % 10 == 9, 1e-40, 0)
    return g.astype(np.float32)


GRADIENTS = make_gradients()
INITIAL = np.random.default_rng(7).standard_normal(COUNT).astype(np.float32)


def split(flat):
    pieces = np.split(flat, np.cumsum(SIZES)[:-1])
    return [piece.reshape(shape) for piece, (_, shape) in zip(pieces, PARAMETERS)]


def join(arrays):
    return np.concatenate([np.asarray(array).reshape(-1) for array in arrays])


def rate(options, step):
    """The learning rate drops tenfold in the middle of the run."""
    return options["learningRate"] * (0.1 if step >= CHANGE else 1.0)


def torch_row(make, options, clip=None, slots=None):
    parameters = [torch.nn.Parameter(torch.from_numpy(np.array(value, dtype=np.float32))) for value in split(INITIAL)]
    optimizer = make(parameters)
    rows = {"parameter": [], **{name: [] for name in slots or {}}}
    for step in range(STEPS):
        for parameter, gradient in zip(parameters, split(GRADIENTS[step])):
            parameter.grad = torch.from_numpy(np.array(gradient, dtype=np.float32))
        for group in optimizer.param_groups:
            group["lr"] = rate(options, step)
        if clip is not None:
            clip(parameters)
        optimizer.step()
        if step + 1 in SNAPSHOTS:
            rows["parameter"].append(join([p.detach().numpy() for p in parameters]))
            for name, key in (slots or {}).items():
                rows[name].append(join([optimizer.state[p][key].numpy() for p in parameters]))
    return "float32", rows


def optax_row(make, options, slots=None):
    parameters = [jax.numpy.asarray(value) for value in split(INITIAL)]
    high, low = rate(options, 0), rate(options, CHANGE)
    transform = make(lambda step: jax.numpy.where(step >= CHANGE, low, high))
    state = transform.init(parameters)
    update = jax.jit(transform.update)
    rows = {"parameter": [], **{name: [] for name in slots or {}}}
    for step in range(STEPS):
        gradients = [jax.numpy.asarray(value) for value in split(GRADIENTS[step])]
        updates, state = update(gradients, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        assert all(p.dtype == np.float32 for p in parameters)
        if step + 1 in SNAPSHOTS:
            rows["parameter"].append(join(parameters))
            for name, key in (slots or {}).items():
                rows[name].append(join(optax.tree_utils.tree_get(state, key)))
    return "float32", rows


def formula_row(update, options, slots=()):
    """`update(p, g, state, lr, t)` in float64 returns the parameter and changes the state."""
    p = INITIAL.astype(np.float64)
    state = {name: np.zeros(COUNT) for name in slots}
    rows = {"parameter": [], **{name: [] for name in slots}}
    for step in range(STEPS):
        p = update(p, GRADIENTS[step].astype(np.float64), state, rate(options, step), step + 1)
        if step + 1 in SNAPSHOTS:
            rows["parameter"].append(p)
            for name in slots:
                rows[name].append(state[name].copy())
    return "float64", rows


def tf1_momentum(momentum, nesterov):
    def update(p, g, state, lr, t):
        state["velocity"] = momentum * state["velocity"] + g
        return p - (lr * g + lr * momentum * state["velocity"] if nesterov else lr * state["velocity"])

    return update


def keras_sgd(momentum, nesterov, decay=0.0):
    def update(p, g, state, lr, t):
        p = p - p * decay * lr
        state["velocity"] = momentum * state["velocity"] - lr * g
        return p + (momentum * state["velocity"] - lr * g if nesterov else state["velocity"])

    return update


def hat_adam(epsilon, decay=0.0, beta1=0.9, beta2=0.999):
    def update(p, g, state, lr, t):
        p = p - p * decay * lr
        alpha = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        state["m"] = state["m"] + (g - state["m"]) * (1 - beta1)
        state["v"] = state["v"] + (g * g - state["v"]) * (1 - beta2)
        return p - state["m"] * alpha / (np.sqrt(state["v"]) + epsilon)

    return update


def optimizer_rows():
    velocity, moments = {"velocity": "momentum_buffer"}, {"m": "exp_avg", "v": "exp_avg_sq"}
    sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
    clip = torch.nn.utils

    def t(name, make, lr, slots=None, clipper=None, **options):
        options = {"learningRate": lr, **options}
        return name, "torch", options, torch_row(lambda p: make(p, options), options, clipper, slots)

    def o(name, make, lr, slots=None, **options):
        options = {"learningRate": lr, **options}
        return name, "optax", options, optax_row(make, options, slots)

    def f(name, update, lr, slots=(), **options):
        options = {"learningRate": lr, **options}
        return name, "formula", options, formula_row(update, options, slots)

    yield t("torch.sgd", lambda p, o: sgd(p, lr=1), 0.1)
    yield t("torch.sgd momentum", lambda p, o: sgd(p, lr=1, momentum=0.9), 0.1, velocity, momentum=0.9)
    yield t(
        "torch.sgd dampening", lambda p, o: sgd(p, lr=1, momentum=0.9, dampening=0.5), 0.1, velocity, momentum=0.9,
        dampening=0.5,
    )
    yield t(
        "torch.sgd nesterov", lambda p, o: sgd(p, lr=1, momentum=0.9, nesterov=True), 0.1, velocity, momentum=0.9,
        nesterov=True,
    )
    yield t(
        "torch.sgd decay",
        lambda p, o: sgd(p, lr=1, momentum=0.9, nesterov=True, weight_decay=0.01),
        0.1, velocity, momentum=0.9, nesterov=True, weightDecay=0.01,
    )
    yield t("torch.adam", lambda p, o: adam(p, lr=1), 1e-2, moments)
    yield t(
        "torch.adam betas", lambda p, o: adam(p, lr=1, betas=(0.8, 0.95), eps=1e-4), 1e-2, moments, beta1=0.8,
        beta2=0.95, epsilon=1e-4,
    )
    yield t("torch.adam decay", lambda p, o: adam(p, lr=1, weight_decay=0.1), 1e-2, moments, weightDecay=0.1)
    yield t("torch.adamW", lambda p, o: adamw(p, lr=1), 1e-2, moments)
    yield t(
        "torch.adamW decay", lambda p, o: adamw(p, lr=1, weight_decay=0.3, betas=(0.9, 0.95)), 1e-2, moments,
        weightDecay=0.3, beta2=0.95,
    )
    yield t(
        "torch.adamW masked",
        lambda p, o: adamw(
            [{"params": [p[0], p[2]], "weight_decay": 0.3}, {"params": [p[1], p[3]], "weight_decay": 0.0}], lr=1
        ),
        1e-2, moments, weightDecay=0.3,
    )
    yield t(
        "torch.clip_grad_norm_ sgd", lambda p, o: sgd(p, lr=1, momentum=0.9), 0.1, velocity,
        lambda p: clip.clip_grad_norm_(p, 1.0), momentum=0.9,
    )
    yield t(
        "torch.clip_grad_norm_ adamW", lambda p, o: adamw(p, lr=1), 1e-2, moments,
        lambda p: clip.clip_grad_norm_(p, 1.0),
    )
    yield t(
        "torch.clip_grad_norm_ each", lambda p, o: sgd(p, lr=1), 0.1, None,
        lambda p: [clip.clip_grad_norm_([x], 1.0) for x in p],
    )
    yield t("torch.clip_grad_value_ sgd", lambda p, o: sgd(p, lr=1), 0.1, None, lambda p: clip.clip_grad_value_(p, 0.5))
    yield t(
        "torch.groups",
        lambda p, o: sgd(
            [{"params": p[:2], "momentum": 0.9}, {"params": p[2:], "momentum": 0.5, "weight_decay": 0.1}], lr=1
        ),
        0.1, velocity,
    )

    trace, mu_nu = {"velocity": "trace"}, {"m": "mu", "v": "nu"}
    mask = [len(shape) >= 2 for _, shape in PARAMETERS]
    yield o("optax.sgd", lambda lr: optax.sgd(lr), 0.1)
    yield o("optax.sgd momentum", lambda lr: optax.sgd(lr, momentum=0.9), 0.1, trace, momentum=0.9)
    yield o(
        "optax.sgd nesterov", lambda lr: optax.sgd(lr, momentum=0.9, nesterov=True), 0.1, trace, momentum=0.9,
        nesterov=True,
    )
    yield o("optax.adam", lambda lr: optax.adam(lr), 1e-2, mu_nu)
    yield o("optax.adam root", lambda lr: optax.adam(lr, eps=0.0, eps_root=1e-8), 1e-2, mu_nu)
    yield o("optax.adamw", lambda lr: optax.adamw(lr), 1e-2, mu_nu)
    yield o("optax.adamw masked", lambda lr: optax.adamw(lr, weight_decay=0.3, mask=mask), 1e-2, mu_nu, weightDecay=0.3)
    yield o("optax.clip_by_global_norm", lambda lr: optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(lr)), 0.1)
    yield o(
        "optax.chain",
        lambda lr: optax.chain(
            optax.add_decayed_weights(0.1, mask), optax.scale_by_schedule(lambda s: -lr(s)), optax.scale(0.5)
        ),
        0.1,
    )

    yield f("tf1.gradientDescent", lambda p, g, state, lr, t: p - lr * g, 0.1)
    yield f("tf1.momentum", tf1_momentum(0.9, False), 0.1, ("velocity",), momentum=0.9)
    yield f("tf1.momentum nesterov", tf1_momentum(0.9, True), 0.1, ("velocity",), momentum=0.9, nesterov=True)
    yield f("tf1.adam", hat_adam(1e-8), 1e-2, ("m", "v"))
    yield f("keras.sgd momentum", keras_sgd(0.9, False), 0.1, ("velocity",), momentum=0.9)
    yield f("keras.sgd nesterov", keras_sgd(0.9, True), 0.1, ("velocity",), momentum=0.9, nesterov=True)
    yield f("keras.sgd decay", keras_sgd(0.9, False, 0.1), 0.1, ("velocity",), momentum=0.9, weightDecay=0.1)
    yield f("keras.adam", hat_adam(1e-7), 1e-2, ("m", "v"))
    yield f("keras.adamW", hat_adam(1e-7, 0.004), 1e-2, ("m", "v"))


def torch_schedule(make, steps, closed_form=False):
    """The learning rate before each step, by stepping, or by the closed form where a step is far out."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=1.0)
    optimizer.param_groups[0]["lr"] = LR
    scheduler = make(optimizer)
    values = {}
    for step in range(max(s for s in steps if s < 10_000) + 1):
        values[step] = optimizer.param_groups[0]["lr"]
        optimizer.step()
        try:
            scheduler.step()
        except ValueError:
            break
    for step in steps:
        if step not in values and closed_form:
            if isinstance(scheduler, torch.optim.lr_scheduler.CosineAnnealingWarmRestarts):
                scheduler.step(step)
                values[step] = scheduler.get_last_lr()[0]
            else:
                scheduler.last_epoch = step
                values[step] = scheduler._get_closed_form_lr()[0]
    return [(step, float(values[step])) for step in steps if step in values]


LR = 0.5
FAR = 2**24 + 1


def schedule_rows():
    S = torch.optim.lr_scheduler
    around = lambda *boundaries: sorted({0, 1, FAR, *(b + d for b in boundaries for d in (-1, 0, 1))})

    def t(schedule, options, by, make, steps, far=True):
        return schedule, options, "torch " + by, torch_schedule(make, steps, far)

    def x(schedule, options, by, fn, steps):
        return schedule, options, "optax " + by, [(s, float(fn(s))) for s in steps]

    def f(schedule, options, by, fn, steps):
        return schedule, options, by, [(s, float(fn(s))) for s in steps]

    yield t(
        "stepDecay", {"initial": LR, "size": 7, "factor": 0.5}, "StepLR", lambda o: S.StepLR(o, 7, 0.5),
        around(7, 14),
    )
    yield t(
        "multiStep", {"initial": LR, "milestones": [5, 9], "factor": 0.1}, "MultiStepLR",
        lambda o: S.MultiStepLR(o, [5, 9], 0.1), around(5, 9),
    )
    yield t(
        "exponentialDecay", {"initial": LR, "rate": 0.9, "steps": 1}, "ExponentialLR",
        lambda o: S.ExponentialLR(o, 0.9), around(10),
    )
    yield t(
        "linear", {"from": LR / 3, "to": LR, "steps": 5}, "LinearLR", lambda o: S.LinearLR(o, total_iters=5),
        around(5),
    )
    yield t(
        "polynomialDecay", {"initial": LR, "steps": 10, "end": 0, "power": 2}, "PolynomialLR",
        lambda o: S.PolynomialLR(o, 10, 2), around(10),
    )
    yield t(
        "cosineAnnealing", {"initial": LR, "steps": 10, "floor": 0.01}, "CosineAnnealingLR",
        lambda o: S.CosineAnnealingLR(o, 10, 0.01), around(10, 20),
    )
    yield t(
        "warmRestarts", {"initial": LR, "steps": 4, "floor": 0.01}, "CosineAnnealingWarmRestarts",
        lambda o: S.CosineAnnealingWarmRestarts(o, 4, 1, 0.01), around(4, 8),
    )
    yield t(
        "warmRestarts", {"initial": LR, "steps": 3, "growth": 2, "floor": 0.01}, "CosineAnnealingWarmRestarts",
        lambda o: S.CosineAnnealingWarmRestarts(o, 3, 2, 0.01), around(3, 9, 21),
    )
    yield t(
        "oneCycle", {"peak": LR, "total": 10}, "OneCycleLR", lambda o: S.OneCycleLR(o, LR, 10), list(range(10)),
        False,
    )
    yield t(
        "oneCycle", {"peak": LR, "total": 25, "rise": 0.25, "divisor": 10, "finalDivisor": 100}, "OneCycleLR",
        lambda o: S.OneCycleLR(o, LR, 25, pct_start=0.25, div_factor=10, final_div_factor=100), list(range(25)), False,
    )

    yield x("constant", 0.25, "constant_schedule", optax.constant_schedule(0.25), around(5))
    yield x(
        "linear", {"from": 0.1, "to": LR, "steps": 7}, "linear_schedule", optax.linear_schedule(0.1, LR, 7),
        around(7),
    )
    yield x(
        "exponentialDecay", {"initial": LR, "rate": 0.5, "steps": 10}, "exponential_decay",
        optax.exponential_decay(LR, 10, 0.5), around(10),
    )
    yield x(
        "exponentialDecay", {"initial": LR, "rate": 0.5, "steps": 10, "staircase": True}, "exponential_decay",
        optax.exponential_decay(LR, 10, 0.5, staircase=True), around(10, 20),
    )
    yield x(
        "polynomialDecay", {"initial": LR, "steps": 10, "end": 0.01, "power": 2}, "polynomial_schedule",
        optax.polynomial_schedule(LR, 0.01, 2, 10), around(10),
    )
    yield x(
        "cosineDecay", {"initial": LR, "steps": 10, "floor": 0.05}, "cosine_decay_schedule",
        optax.cosine_decay_schedule(LR, 10, 0.1), around(5, 10),
    )
    yield x(
        "warmup", {"steps": 5, "then": {"initial": LR, "steps": 10}}, "warmup_cosine_decay_schedule",
        optax.warmup_cosine_decay_schedule(0.0, LR, 5, 15), around(5, 15),
    )
    yield x(
        "sequence", {"boundaries": [5, 12]},
        "join_schedules of linear 0 to 0.5 in 5, constant 0.5, linear 0.5 to 0 in 8",
        optax.join_schedules(
            [optax.linear_schedule(0.0, LR, 5), optax.constant_schedule(LR), optax.linear_schedule(LR, 0.0, 8)], [5, 12]
        ),
        around(5, 12, 20),
    )

    tf = "formula of tf.compat.v1.train."
    yield f(
        "piecewiseConstant", {"boundaries": [5, 9], "values": [1.0, 0.5, 0.1]}, tf + "piecewise_constant",
        lambda s: 1.0 if s <= 5 else 0.5 if s <= 9 else 0.1, around(5, 9),
    )
    for stairs in (False, True):
        q = (lambda s, d: s // d) if stairs else (lambda s, d: s / d)
        options = {"initial": LR, "rate": 0.96, "steps": 10, "staircase": stairs}
        yield f(
            "exponentialDecay", options, tf + "exponential_decay", lambda s, q=q: LR * 0.96 ** q(s, 10),
            around(10, 20),
        )
        yield f(
            "naturalExp", options, tf + "natural_exp_decay", lambda s, q=q: LR * math.exp(-0.96 * q(s, 10)),
            around(10, 20),
        )
        yield f(
            "inverseTime", options, tf + "inverse_time_decay", lambda s, q=q: LR / (1 + 0.96 * q(s, 10)),
            around(10, 20),
        )
    yield f(
        "polynomialDecay", {"initial": LR, "steps": 10, "power": 0.5}, tf + "polynomial_decay",
        lambda s: (LR - 1e-4) * (1 - min(s, 10) / 10) ** 0.5 + 1e-4, around(10),
    )

    def cycled(s):
        length = 10 * max(1, math.ceil(s / 10))
        return (LR - 1e-4) * (1 - s / length) + 1e-4

    yield f(
        "polynomialDecay", {"initial": LR, "steps": 10, "cycle": True}, tf + "polynomial_decay", cycled,
        around(10, 20),
    )

    def get_lr(it, learning_rate=LR, warmup_iters=5, lr_decay_iters=20, min_lr=0.05):
        if it < warmup_iters:
            return learning_rate * (it + 1) / (warmup_iters + 1)
        if it > lr_decay_iters:
            return min_lr
        decay_ratio = (it - warmup_iters) / (lr_decay_iters - warmup_iters)
        return min_lr + 0.5 * (1.0 + math.cos(math.pi * decay_ratio)) * (learning_rate - min_lr)

    yield f(
        "warmupCosine", {"peak": LR, "warmup": 5, "total": 20, "floor": 0.05}, "formula of nanoGPT's get_lr",
        get_lr, around(5, 20),
    )
    yield f(
        "inverseSquareRoot", {"size": 512, "warmup": 4000}, "formula 3 of Attention Is All You Need",
        lambda s: 512**-0.5 * min((s + 1) ** -0.5, (s + 1) * 4000**-1.5), around(4000),
    )

    def trapezoid(root):
        def value(s):
            if s < 4:
                return LR * (s + 1) / 5
            x = min(1.0, max(0.0, (s - 20) / 10))
            return LR + (0.05 - LR) * (math.sqrt(x) if root else x)

        return value

    for shape in ("linear", "root"):
        yield f(
            "warmupStableDecay", {"peak": LR, "warmup": 4, "total": 30, "decay": 10, "floor": 0.05, "shape": shape},
            "formula of arXiv 2405.18392", trapezoid(shape == "root"), around(4, 20, 30),
        )


def write(name, data):
    OUT.mkdir(parents=True, exist_ok=True)
    libraries = {"torch": torch, "optax": optax, "jax": jax, "numpy": np}
    versions = {key: library.__version__.split("+")[0] for key, library in libraries.items()}
    made = {"madeBy": "test/reference/make-optim-fixtures.py", "versions": versions, **data}
    rows = made.pop("rows")
    body = json.dumps(made)[:-1] + ', "rows": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"
    (OUT / name).write_text(body)


if __name__ == "__main__":
    write(
        "optimizers.json",
        {
            "about": "torch and optax ran in float32 (optax with double bias corrections, jax_enable_x64); "
            "formula rows are float64, rounded here.",
            "parameters": [{"path": path, "shape": shape} for path, shape in PARAMETERS],
            "steps": STEPS,
            "change": CHANGE,
            "snapshots": SNAPSHOTS,
            "initial": pack(INITIAL),
            "gradients": pack(GRADIENTS),
            "rows": [
                {
                    "name": name,
                    "by": by,
                    "dtype": dtype,
                    "options": options,
                    "values": {key: pack(np.stack(rows)) for key, rows in values.items()},
                }
                for name, by, options, (dtype, values) in optimizer_rows()
            ],
        },
    )
    write(
        "schedules.json",
        {
            "about": "torch and optax in double; formula rows in double. Each entry of values is [step, value].",
            "rows": [
                {"schedule": schedule, "options": options, "by": by, "values": values}
                for schedule, options, by, values in schedule_rows()
            ],
        },
    )
