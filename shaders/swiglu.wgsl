// SwiGLU (Shazeer, arXiv 2002.05202): out = silu(gate) · up, silu(g) = g · σ(g); each row of x is [gate | up].

@group(0) @binding(0) var<storage, read> x: array<numbers>;         // [N, 2F]
@group(0) @binding(1) var<storage, read_write> out: array<numbers>; // [N, F]
@group(0) @binding(2) var<storage, read> dout: array<numbers>;      // [N, F]
@group(0) @binding(3) var<storage, read_write> dx: array<numbers>;  // [N, 2F]

override SIZE: u32; // N · F
override F: u32;
override APART: u32 = F / STEP; // distance in `numbers` of a gate and its up
override ACCUMULATE: bool = false;

/// Index of the gate of out[i]; its up is APART further on.
fn gate_at(i: u32) -> u32 {
  return i + i / APART * APART;
}
fn sigmoid(g: numbers) -> numbers {
  return 1.0 / (1.0 + exp(clamp(-g, numbers(-80.0), numbers(80.0))));
}

// one thread per `numbers` of out
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  let at = gate_at(i);
  out[i] = x[at] * sigmoid(x[at]) * x[at + APART];
}

// one thread per `numbers` of dout, which writes both dgate and dup
@compute @workgroup_size(FLAT)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  let at = gate_at(i);
  let g = x[at];
  let s = sigmoid(g);
  let dgate = dout[i] * x[at + APART] * s * (1.0 + g * (1.0 - s));
  let dup = dout[i] * g * s;
  if (ACCUMULATE) {
    dx[at] += dgate;
    dx[at + APART] += dup;
  } else {
    dx[at] = dgate;
    dx[at + APART] = dup;
  }
}
