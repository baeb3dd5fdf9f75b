"""Goes on training the model of this folder: from these weights, this step, AdamW's moments, schedule and order of batches.

    pip install torch transformers accelerate safetensors numpy
    python train.py                                one GPU, or the CPU
    accelerate launch train.py --steps 5000        any number of GPUs; batch_size must be a multiple of it

Writes a folder that it can go on from again. Dropout draws other numbers than Glasshouse does; without it, only rounding differs.
"""
import argparse
import json
import math
import os
import shutil

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
TRAIN, VALIDATION = 2, 3  # streams of random numbers


def mix(x):
    """One 32-bit word mixed into another (lowbias32, Chris Wellons)."""
    x ^= x >> 16
    x = x * 0x7FEB352D & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x846CA68B & 0xFFFFFFFF
    return x ^ x >> 16


def draw(seed, stream, index):
    return mix((index + mix((stream + mix(seed & 0xFFFFFFFF)) & 0xFFFFFFFF)) & 0xFFFFFFFF)


def batch(tokens, c, stream, index):
    """Tokens and the token after each, [B, T]: a function of seed, stream and index alone. −1 where there is none."""
    B, T = c["batch_size"], c["block_size"]
    places = max(1, len(tokens) - T)
    starts = [draw(c["seed"], stream, index * B + b) * places >> 32 for b in range(B)]
    rows = np.full((B, T + 1), -1, dtype=np.int64)
    for b, start in enumerate(starts):
        row = tokens[start : start + T + 1]
        rows[b, : len(row)] = row
    return torch.from_numpy(np.maximum(rows[:, :-1], 0)), torch.from_numpy(rows[:, 1:].copy())


def learning_rate(c, i):
    if i < c["warmup_iters"]:
        return c["learning_rate"] * (i + 1) / (c["warmup_iters"] + 1)
    done = min(1, (i - c["warmup_iters"]) / max(1, c["max_iters"] - c["warmup_iters"]))
    decay = c["decay_fraction"] * c["max_iters"]
    share = {
        "constant": 1,
        "linear": 1 - done,
        "cosine": 0.5 * (1 + math.cos(math.pi * done)),
        "wsd": min(1, max(0, (c["max_iters"] - i) / decay)) if decay > 0 else 1,
    }[c["schedule"]]
    return c["min_lr"] + share * (c["learning_rate"] - c["min_lr"])


def loss_of(logits, targets, smoothing=0.0):
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=-1, label_smoothing=smoothing)


def read_settings(folder=HERE):
    with open(os.path.join(folder, "settings.json"), encoding="utf-8") as file:
        return json.load(file)


def read_tokens(settings, folder=HERE):
    """What is trained on and what is held out."""
    path = os.path.join(folder, "training", "tokens.bin")
    if not os.path.exists(path):
        raise SystemExit("This folder was saved without its text. Save it again with its text to go on training.")
    tokens = np.fromfile(path, dtype="<u2" if settings["config"]["vocab_size"] <= 65536 else "<u4").astype(np.int64)
    return tokens[: settings["train_tokens"]], tokens[settings["train_tokens"] :]


def optimizer_of(parameters, moments, c, step):
    """AdamW as it stood after `step` updates; `parameters` by name. Matrices decay. What the model lacks in Glasshouse stays as it is."""
    groups = [{"params": [], "weight_decay": c["weight_decay"]}, {"params": [], "weight_decay": 0.0}]
    optimizer_state = {}
    for name, parameter in parameters.items():
        if f"m.{name}" not in moments:
            parameter.requires_grad_(False)
            continue
        groups[0 if parameter.dim() > 1 else 1]["params"].append(parameter)
        optimizer_state[parameter] = {
            "step": torch.tensor(float(step)),
            "exp_avg": moments[f"m.{name}"].clone(),
            "exp_avg_sq": moments[f"v.{name}"].clone(),
        }
    optimizer = torch.optim.AdamW(groups, lr=c["learning_rate"], betas=(c["beta1"], c["beta2"]), eps=c["eps"])
    if step > 0:
        optimizer.state.update(optimizer_state)
    return optimizer


def main():
    from accelerate import Accelerator
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM

    settings = read_settings()
    c = settings["config"]
    args = argparse.ArgumentParser()
    args.add_argument("--steps", type=int, default=c["max_iters"], help="stop after this step, counted from the beginning")
    args.add_argument("--out", default=os.path.join(HERE, "trained"))
    args = args.parse_args()
    micros = c["gradient_accumulation_steps"]
    accelerator = Accelerator()
    rank, world = accelerator.process_index, accelerator.num_processes
    if c["batch_size"] % world:
        raise SystemExit(f"A batch of {c['batch_size']} rows cannot be shared by {world} processes.")
    own = slice(rank * c["batch_size"] // world, (rank + 1) * c["batch_size"] // world)
    train, held = read_tokens(settings)

    step = settings["step"]
    model = AutoModelForCausalLM.from_pretrained(HERE, torch_dtype=torch.float32)
    moments = load_file(os.path.join(HERE, "training", "moments.safetensors"))
    optimizer = optimizer_of(dict(model.named_parameters()), moments, c, step)
    model, optimizer = accelerator.prepare(model, optimizer)

    @torch.no_grad()
    def validation():
        model.eval()
        losses = []
        for i in range(c["eval_iters"]):
            x, y = (part.to(accelerator.device) for part in batch(held, c, VALIDATION, i))
            losses.append(loss_of(model(input_ids=x).logits, y).item())
        model.train()
        return sum(losses) / len(losses)

    while step < args.steps:
        if len(held) > c["block_size"] and step % c["eval_interval"] == 0:
            accelerator.print(f"step {step}: validation loss {validation():.4f}")
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(c, step)
        for micro in range(micros):
            x, y = (part[own].to(accelerator.device) for part in batch(train, c, TRAIN, step * micros + micro))
            loss = loss_of(model(input_ids=x).logits, y, c["label_smoothing"])
            accelerator.backward(loss / micros)
        if c["grad_clip"] > 0:
            accelerator.clip_grad_norm_(model.parameters(), c["grad_clip"])
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        if step % 10 == 0:
            accelerator.print(f"step {step}: loss {loss.item():.4f}")

    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        plain = accelerator.unwrap_model(model)
        shutil.copytree(HERE, args.out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("trained", "onnx", "*.gguf"))
        plain.save_pretrained(args.out)
        state = {name: optimizer.state[p] for name, p in plain.named_parameters() if p in optimizer.state}
        pairs = {"m": "exp_avg", "v": "exp_avg_sq"}
        named = {f"{k}.{n}": s[of].contiguous().cpu() for n, s in state.items() for k, of in pairs.items()}
        save_file(named, os.path.join(args.out, "training", "moments.safetensors"))
        with open(os.path.join(args.out, "settings.json"), "w", encoding="utf-8") as file:
            json.dump({**settings, "step": step}, file, indent=2)
        print(f"step {step}: saved in {args.out}")


if __name__ == "__main__":
    main()
