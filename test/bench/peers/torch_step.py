"""The same training step in PyTorch, driven as job.mjs says: `torch_step.py FOLDER eager` computes in float32 on CUDA where there is
some, else on the CPU in PyTorch's own number of threads; `thread` on one thread of the CPU; `compiled` in bfloat16 through torch.compile, on CUDA alone."""
import json
import math
import os
import sys
import time

if sys.argv[2] == "thread":
    # OpenBLAS has threads of its own, which set_num_threads does not reach, and reads this as it is loaded.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"

import torch
import torch.nn.functional as F

folder, mode = sys.argv[1:3]
job = json.load(open(f"{folder}/job.json"))
c = job["config"]
L, NH, C, V, B, T = (c[k] for k in ("n_layer", "n_head", "n_embd", "vocab_size", "batch_size", "block_size"))
cuda = mode != "thread" and torch.cuda.is_available()
if mode == "thread":
    torch.set_num_threads(1)
device = "cuda" if cuda else "cpu"


def tell(message):
    print(json.dumps(message), flush=True)


def read(name, dtype):
    with open(f"{folder}/{name}.bin", "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


def read_weights():
    all, at, weights = read("weights", torch.float32), 0, {}
    for param in job["params"]:
        size = math.prod(param["shape"])
        weights[param["name"]] = all[at : at + size].view(param["shape"]).to(device).clone().requires_grad_()
        at += size
    return weights


def attention(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):  # PyTorch 2
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    future = torch.ones(T, T, dtype=torch.bool, device=device).triu(1)
    return (q @ k.transpose(-2, -1) / math.sqrt(C // NH)).masked_fill(future, -math.inf).softmax(-1) @ v


def loss_of(weights, tokens, targets):
    def at(name):
        return weights[f"transformer.{name}.weight"]

    def layernorm(x, name):
        return F.layer_norm(x, (C,), at(name), None, c["norm_eps"])

    x = F.embedding(tokens, at("wte")) + at("wpe")  # [B, T, C]
    for l in range(L):
        qkv = layernorm(x, f"h.{l}.ln_1") @ at(f"h.{l}.attn.c_attn")
        q, k, v = (part.view(B, T, NH, C // NH).transpose(1, 2) for part in qkv.split(C, -1))
        atty = attention(q, k, v).transpose(1, 2).reshape(B, T, C)
        x = x + atty @ at(f"h.{l}.attn.c_proj")
        fch = layernorm(x, f"h.{l}.ln_2") @ at(f"h.{l}.mlp.c_fc")
        x = x + F.gelu(fch, approximate="tanh") @ at(f"h.{l}.mlp.c_proj")
    logits = layernorm(x, "ln_f") @ at("wte").t()  # [B, T, V]
    return F.cross_entropy(logits.view(-1, V).float(), targets.view(-1))


def main():
    adapter = torch.cuda.get_device_name() if cuda else f"CPU, threads: {torch.get_num_threads()}"
    batches = read("batches", torch.int32).view(job["batches"], 2, B, T).long()
    began = time.perf_counter()
    weights = read_weights()
    groups = [
        {"params": [weights[p["name"]] for p in job["params"] if p["decay"] is decay], "weight_decay": rate}
        for decay, rate in ((True, c["weight_decay"]), (False, 0.0))
    ]
    fused = {"fused": True} if cuda else {}
    adamw = torch.optim.AdamW(groups, c["learning_rate"], (c["beta1"], c["beta2"]), c["eps"], **fused)
    forward = torch.compile(loss_of) if mode == "compiled" else loss_of
    steps = 0

    def step():
        nonlocal steps
        tokens, targets = batches[steps % len(batches)].to(device)
        steps += 1
        with torch.autocast(device, torch.bfloat16, enabled=mode == "compiled"):
            loss = forward(weights, tokens, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), c["grad_clip"])
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        if cuda:
            torch.cuda.synchronize()
        return loss.detach()

    loss = step()
    first_step_ms = 1000 * (time.perf_counter() - began)
    tell({"version": torch.__version__, "adapter": adapter, "first_step_ms": first_step_ms, "losses": [loss.item()]})
    for line in sys.stdin:
        ask = json.loads(line)
        losses, step_ms, began, cpu = [], [], time.perf_counter(), time.process_time()
        while len(step_ms) < ask["steps"] and 1000 * (time.perf_counter() - began) < ask["limit_ms"]:
            at = time.perf_counter()
            losses.append(step())
            step_ms.append(1000 * (time.perf_counter() - at))
        cpu_ms = 1000 * (time.process_time() - cpu) / len(step_ms)
        tell({"step_ms": step_ms, "cpu_ms": cpu_ms, "losses": [loss.item() for loss in losses]})


try:
    main()
except Exception as error:
    tell({"error": str(error)})
    raise
