"""Writes bpe.fixture.json: merges learned and ids given by Hugging Face's tokenizers (Rust), the reference for bpe.ts.

    pip install tokenizers==0.23.3
    python src/text/tokenizer/bpe.fixture.py
"""

import json
import pathlib
import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SAMPLES = [
    "The cat's hat; we'll see, THEY'RE here, don't.",
    "  leading, trailing  \n\n\n  mixed\r\nends\rhere \t\tx ",
    "a\u0085b\ufeffc\u00a0d\u3000e\u2028f g  \u2003 h",
    "我能吞下玻璃而不伤身体。１２３ 45678 ½ ④",
    "🐈‍⬛👩🏽‍💻 e\u0301 \u0301x n\u0303o q\u0323\u0307",
    "for (let i = 0; i < 10; i++) { console.log(`${i}`); }\n\treturn !done && x->y;\n",
    "עִבְרִית العَرَبِيَّة हिन्दी ไทย",
    "''s 't '  '\n'' 'S'T",
    "=" * 200 + " " * 100 + "\n" * 50,
]


def make_text() -> str:
    rng = random.Random(7)
    syllables = ["ba", "ko", "ti", "mer", "'s", "ß", "é", "语", "言", "🙂", "12", "lo", "lo", "ram", "the", "ing"]
    words = ["".join(rng.choice(syllables) for _ in range(rng.randint(1, 4))) for _ in range(300)]
    parts = []
    for _ in range(3000):
        parts.append(words[min(int(rng.expovariate(0.02)), 299)])
        parts.append(rng.choice([" "] * 12 + [", ", ".\n", "  ", "\r\n", "()", "\t"]))
    return "".join(parts)


def train(pre_tokenizer, text):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + 400, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([text], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {
        "merges": [" ".join(merge) for merge in model["merges"]],
        "ids": [tokenizer.encode(sample, add_special_tokens=False).ids for sample in SAMPLES],
    }


text = make_text()
byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
cl100k = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(CL100K), "isolated"), byte_level])
fixture = {
    "text": text,
    "samples": SAMPLES,
    "gpt2": train(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True), text),
    "cl100k": train(cl100k, text),
}
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text(json.dumps(fixture, ensure_ascii=False) + "\n")
