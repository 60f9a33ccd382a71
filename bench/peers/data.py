"""The operations of the data pipeline in Python's libraries, driven over stdin and stdout by `cameo bench data --peer python`.

Protocol, one JSON object a line. First line in: {"case", "peer", "setup"}; the answer is {"name", "digest"?} or {"skip": reason}.
Then {"run": seconds} repeats the operation for that long and answers {"rate": units per second}; {"quit": true} ends.
An operation is a function of the setup that returns (units per run, run, result as bytes or None).
"""
import hashlib
import json
import os
import sys
import time

import numpy as np

if "bool" not in vars(np):
    np.bool = bool  # imgaug 0.4.0 was written for NumPy 1.x

OPERATIONS = {}


def operation(case, peer):
    def register(function):
        OPERATIONS[case, peer] = function
        return function

    return register


def version(name, module):
    return f"{name} {module.__version__}"


def pixels(setup):
    return np.fromfile(setup["images"], dtype=np.uint8).reshape(setup["shape"])


# Images ---------------------------------------------------------------------------------------------------------------------------


def cv2_module():
    import cv2

    cv2.setNumThreads(1)
    return cv2


@operation("flip", "cv2")
@operation("affine", "cv2")
@operation("blur", "cv2")
@operation("flip-affine-blur", "cv2")
def images_cv2(setup):
    cv2 = cv2_module()
    images = pixels(setup)
    batch = np.empty_like(images)  # results go into the places of a batch, as Cameo's do
    matrix = np.array(setup["matrix"], dtype=np.float64).reshape(2, 3)
    size = (images.shape[2], images.shape[1])
    sigma, side = setup["sigma"], setup["side"]
    options = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_CONSTANT, "borderValue": 0}

    def affine(image, to=None):
        return cv2.warpAffine(image, matrix, size, dst=to, **options)

    def blur(image, to):
        return cv2.GaussianBlur(image, (side, side), sigma, dst=to, sigmaY=sigma, borderType=cv2.BORDER_REFLECT_101)

    work = {
        "flip": lambda image, to: cv2.flip(image, 0, dst=to),
        "affine": affine,
        "blur": blur,
        "flip-affine-blur": lambda image, to: blur(affine(cv2.flip(image, 0)), to),
    }[setup["case"]]

    def run():
        for image, to in zip(images, batch):
            work(image, to)

    return version("cv2", cv2), len(images), run, lambda: (run(), batch.tobytes())[1]


@operation("flip", "imgaug")
@operation("affine", "imgaug")
@operation("blur", "imgaug")
@operation("flip-affine-blur", "imgaug")
def images_imgaug(setup):
    cv2_module()
    import imgaug
    import imgaug.augmenters as iaa

    images = pixels(setup)
    flip, affine, blur = iaa.Flipud(1.0), iaa.Affine(rotate=setup["degrees"]), iaa.GaussianBlur(sigma=setup["sigma"])
    augmenter = {
        "flip": flip,
        "affine": affine,
        "blur": blur,
        "flip-affine-blur": iaa.Sequential([flip, affine, blur]),
    }[setup["case"]]
    batch = list(images)
    return (
        version("imgaug", imgaug),
        len(images),
        lambda: augmenter(images=batch),
        lambda: b"".join(np.asarray(image).tobytes() for image in augmenter(images=batch)),
    )


# Sampling -------------------------------------------------------------------------------------------------------------------------


@operation("shuffle", "numpy")
def shuffle_numpy(setup):
    generator = np.random.default_rng(0)
    count = setup["count"]
    return version("numpy", np), count, lambda: generator.permutation(count), None


@operation("choice", "numpy")
def choice_numpy(setup):
    size, count, seed = setup["size"], setup["count"], setup["seed"]
    work = lambda: np.random.default_rng(seed).choice(size, count, replace=False)
    return version("numpy", np), count, work, lambda: work().astype("<f8").tobytes()


# Codecs ---------------------------------------------------------------------------------------------------------------------------


def blosc_encode(setup):
    import blosc

    blosc.set_nthreads(1)
    data = open(setup["data"], "rb").read()
    shuffle = {"byte": blosc.SHUFFLE, "bit": blosc.BITSHUFFLE, "none": blosc.NOSHUFFLE}[setup["shuffle"]]
    return blosc, data, lambda: blosc.compress(data, typesize=setup["typeSize"], clevel=setup["level"], shuffle=shuffle, cname=setup["codec"])


def encode_case(setup):
    blosc, data, work = blosc_encode(setup)
    return version("blosc", blosc), len(data), work, lambda: blosc.decompress(work())


def decode_case(setup):
    blosc, data, work = blosc_encode(setup)
    chunk = work()
    return version("blosc", blosc), len(data), lambda: blosc.decompress(chunk), lambda: blosc.decompress(chunk)


def decode_into_case(setup):
    blosc, data, work = blosc_encode(setup)
    chunk, output = work(), np.empty(len(data), np.uint8)
    run = lambda: blosc.decompress_ptr(chunk, output.ctypes.data)
    return version("blosc", blosc), len(data), run, lambda: (run(), output.tobytes())[1]


for kind in ("smooth", "tokens", "normal", "pixels"):
    for codec in ("lz4", "zstd"):
        OPERATIONS[f"{codec}-decode-into-{kind}", "blosc"] = decode_into_case
        OPERATIONS[f"{codec}-encode-{kind}", "blosc"] = encode_case
        OPERATIONS[f"{codec}-decode-{kind}", "blosc"] = decode_case


# Text -----------------------------------------------------------------------------------------------------------------------------


@operation("minhash", "datasketch")
def minhash_datasketch(setup):
    import datasketch
    from datasketch import MinHash

    documents = json.load(open(setup["documents"]))[: setup["peerDocuments"]]
    size = sum(len(document.encode()) for document in documents)

    def work():
        for document in documents:
            words = document.lower().split()
            sketch = MinHash(num_perm=112)
            sketch.update_batch([" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))])

    return version("datasketch", datasketch), size, work, None


# Shards ---------------------------------------------------------------------------------------------------------------------------


def webdataset_case(setup):
    import webdataset

    shards = sorted(os.path.join(setup["folder"], name) for name in os.listdir(setup["folder"]) if name.endswith(".tar"))

    def samples():
        for sample in webdataset.WebDataset(shards, shardshuffle=False, empty_check=False):
            yield sample["data.bin"]

    return version("webdataset", webdataset), setup["count"], lambda: sum(len(each) for each in samples()), lambda: b"".join(samples())


def mds_rows_case(setup):
    """Without the loader around it: rows by number."""
    import streaming

    dataset = streaming.LocalDataset(setup["folder"])
    samples = lambda: (dataset[i]["data"] for i in range(len(dataset)))
    name = f"streaming.LocalDataset {streaming.__version__}"
    return name, setup["count"], lambda: sum(len(each) for each in samples()), lambda: b"".join(samples())


def mds_case(setup):
    import streaming
    from streaming.base.util import clean_stale_shared_memory

    clean_stale_shared_memory()
    dataset = streaming.StreamingDataset(local=setup["folder"], shuffle=False, batch_size=1)
    samples = lambda: (each["data"] for each in dataset)
    name = f"streaming.StreamingDataset {streaming.__version__}"
    return name, setup["count"], lambda: sum(len(each) for each in samples()), lambda: b"".join(samples())


for kind in ("10kB", "100kB"):
    OPERATIONS[f"tar-{kind}", "webdataset"] = webdataset_case
    OPERATIONS[f"mds-{kind}", "streaming.StreamingDataset"] = mds_case
    OPERATIONS[f"mds-{kind}", "streaming.LocalDataset"] = mds_rows_case


def main():
    first = json.loads(sys.stdin.readline())
    answer = lambda value: print(json.dumps(value), flush=True)
    make = OPERATIONS.get((first["case"], first["peer"]))
    if make is None:
        answer({"skip": "the script has no such operation"})
        return
    try:
        name, amount, run, result = make({**first["setup"], "case": first["case"]})
        run()
        answer({"name": name} if result is None else {"name": name, "digest": hashlib.sha256(result()).hexdigest()})
    except ImportError as error:
        answer({"skip": f"not installed ({error})"})
        return
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("quit"):
            break
        start = time.perf_counter()
        times = 0
        while True:
            run()
            times += 1
            seconds = time.perf_counter() - start
            if seconds >= message["run"]:
                break
        answer({"rate": times * amount / seconds})


main()
