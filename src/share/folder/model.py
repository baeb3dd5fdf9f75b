"""The model of this folder in plain PyTorch: no transformers needed.

    python model.py "Once upon"     writes on from a text (needs `pip install tokenizers`)
    import model; m = model.load(); m(torch.tensor([[1, 2, 3]])) -> logits [1, 3, V]

settings.json says its shape, model.safetensors holds its weights. Shapes: B texts, T tokens, C width, H heads.
"""
import json
import math
import os
import struct
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {"F32": torch.float32, "F16": torch.float16, "F64": torch.float64}


def read_safetensors(path):
    """Tensors by name: 8 bytes of length, a JSON header, then numbers end to end."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(data, dtype=TYPES[t["dtype"]], count=math.prod(t["shape"]), offset=t["data_offsets"][0])
        .reshape(t["shape"])
        .float()
        for name, t in header.items()
    }


def gpt2_names(tensors, config):
    """The weights under GPT-2's names, matrices [in, out]: Llama and its kin keep q, k, v and gate, up apart and as [out, in]."""
    if "transformer.wte.weight" in tensors:
        return tensors
    w = {"transformer.wte.weight": tensors["model.embed_tokens.weight"]}
    if "lm_head.weight" in tensors:
        w["lm_head.weight"] = tensors["lm_head.weight"]

    def take(ours, *theirs):
        for kind in ("weight", "bias"):
            parts = [tensors[f"{name}.{kind}"] for name in theirs if f"{name}.{kind}" in tensors]
            if parts:
                joined = torch.cat(parts)
                w[f"{ours}.{kind}"] = joined.T.contiguous() if joined.dim() == 2 else joined

    for i in range(config["n_layer"]):
        h, at = f"transformer.h.{i}", f"model.layers.{i}"
        take(f"{h}.ln_1", f"{at}.input_layernorm")
        take(f"{h}.attn.c_attn", *(f"{at}.self_attn.{x}_proj" for x in "qkv"))
        take(f"{h}.attn.c_proj", f"{at}.self_attn.o_proj")
        take(f"{h}.ln_2", f"{at}.post_attention_layernorm")
        take(f"{h}.mlp.c_fc", f"{at}.mlp.gate_proj", f"{at}.mlp.up_proj", f"{at}.mlp.c_fc")
        take(f"{h}.mlp.c_proj", f"{at}.mlp.down_proj", f"{at}.mlp.c_proj")
    take("transformer.ln_f", "model.norm")
    return w


class Model(torch.nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        self.config = config
        self.weights = torch.nn.ParameterDict({name.replace(".", "/"): torch.nn.Parameter(w) for name, w in weights.items()})

    def w(self, name):
        return self.weights[name.replace(".", "/")] if name.replace(".", "/") in self.weights else None

    def linear(self, name, x):
        bias = self.w(f"{name}.bias")
        x = x @ self.w(f"{name}.weight")
        return x if bias is None else x + bias

    def norm(self, name, x):
        weight, eps = self.w(f"{name}.weight"), self.config["norm_eps"]
        if self.config["norm"] == "layernorm":
            return F.layer_norm(x, x.shape[-1:], weight, self.w(f"{name}.bias"), eps)
        return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight

    def act(self, x):
        if self.config["mlp"] == "swiglu":
            gate, up = x.chunk(2, -1)
            return F.silu(gate) * up
        if self.config["mlp"] == "relu2":
            return F.relu(x).pow(2)
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x.pow(3))))

    def rotate(self, x):
        """RoPE: the pair (i, i + HS/2) of a head [B, H, T, HS] turns by t · theta^(−2i/HS)."""
        T, half = x.shape[-2], x.shape[-1] // 2
        powers = torch.arange(half, dtype=torch.float64) / half
        angles = torch.arange(T, dtype=torch.float64)[:, None] * self.config["rope_theta"] ** -powers
        cos, sin = angles.cos().to(x), angles.sin().to(x)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def attention(self, h, x):
        c = self.config
        B, T, C = x.shape
        size = C // c["n_head"]
        qkv = self.linear(f"{h}.attn.c_attn", x).split([C, size * c["n_kv_head"], size * c["n_kv_head"]], -1)
        q, k, v = (part.view(B, T, -1, size).transpose(1, 2) for part in qkv)  # [B, H, T, HS]
        if c["position"] == "rope":
            q, k = self.rotate(q), self.rotate(k)
        k, v = (part.repeat_interleave(c["n_head"] // c["n_kv_head"], 1) for part in (k, v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(size)
        hidden = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
        y = scores.masked_fill(hidden, -math.inf).softmax(-1) @ v
        return self.linear(f"{h}.attn.c_proj", y.transpose(1, 2).reshape(B, T, C))

    def forward(self, tokens):  # [B, T] -> [B, T, V]
        x = self.w("transformer.wte.weight")[tokens]
        if self.config["position"] == "learned":
            x = x + self.w("transformer.wpe.weight")[: tokens.shape[1]]
        for i in range(self.config["n_layer"]):
            h = f"transformer.h.{i}"
            x = x + self.attention(h, self.norm(f"{h}.ln_1", x))
            x = x + self.linear(f"{h}.mlp.c_proj", self.act(self.linear(f"{h}.mlp.c_fc", self.norm(f"{h}.ln_2", x))))
        head = self.w("lm_head.weight")
        return self.norm("transformer.ln_f", x) @ (self.w("transformer.wte.weight") if head is None else head).T

    @torch.no_grad()
    def write(self, tokens, count, temperature=0.8):
        """Ids after `tokens`, one by one."""
        ids = list(tokens)
        for _ in range(count):
            logits = self(torch.tensor([ids[-self.config["block_size"] :]]))[0, -1]
            ids.append(int(torch.multinomial((logits / temperature).softmax(-1), 1)))
            yield ids[-1]


def load(folder=HERE):
    with open(os.path.join(folder, "settings.json"), encoding="utf-8") as file:
        config = json.load(file)["config"]
    return Model(config, gpt2_names(read_safetensors(os.path.join(folder, "model.safetensors")), config)).eval()


if __name__ == "__main__":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(HERE, "tokenizer.json"))
    prompt = sys.argv[1] if len(sys.argv) > 1 else "\n"
    ids = tokenizer.encode(prompt).ids
    ids += load().write(ids, 300)
    print(tokenizer.decode(ids, skip_special_tokens=False))
