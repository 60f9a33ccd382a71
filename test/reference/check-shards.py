"""Reads shards with MosaicML's and WebDataset's own libraries: `check-shards.py <mds|webdataset> <folder>` prints the rows as JSON."""

import base64
import glob
import json
import sys
import tempfile

import numpy as np


def plain(value):
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "data": value.astype("float64").ravel().tolist()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "mode"):
        return {"mode": value.mode, "size": list(value.size)}
    return value


def mds(folder):
    from streaming import StreamingDataset

    local = tempfile.mkdtemp()
    dataset = StreamingDataset(remote=folder, local=local, shuffle=False, batch_size=1, validate_hash="sha256")
    return [dataset[i] for i in range(len(dataset))]


def webdataset(folder):
    import webdataset as wds

    dataset = wds.WebDataset(sorted(glob.glob(folder + "/*.tar")), shardshuffle=False).decode("pil")
    return [{k: v for k, v in sample.items() if k not in ("__url__", "__local_path__")} for sample in dataset]


rows = {"mds": mds, "webdataset": webdataset}[sys.argv[1]](sys.argv[2])
print(json.dumps([{k: plain(v) for k, v in row.items()} for row in rows]))
