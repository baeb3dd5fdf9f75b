// SwiGLU (Shazeer, arXiv 2002.05202): out = silu(gate) · up, silu(g) = g · σ(g); each row of x is [gate | up].

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [N, 2F]
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [N, F]
@group(0) @binding(2) var<storage, read> dout: array<f32>;      // [N, F]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // [N, 2F]

override SIZE: u32; // N · F
override F: u32;
override ACCUMULATE: bool = false;

fn sigmoid(g: f32) -> f32 {
  return 1.0 / (1.0 + exp(clamp(-g, -80.0, 80.0)));
}

// one thread per element of out
@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= SIZE) { return; }
  let at = i + i / F * F;
  out[i] = x[at] * sigmoid(x[at]) * x[at + F];
}

// one thread per element of dout, which owns its gate and its up
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= SIZE) { return; }
  let at = i + i / F * F;
  let g = x[at];
  let s = sigmoid(g);
  let dgate = dout[i] * x[at + F] * s * (1.0 + g * (1.0 - s));
  let dup = dout[i] * g * s;
  if (ACCUMULATE) {
    dx[at] += dgate;
    dx[at + F] += dup;
  } else {
    dx[at] = dgate;
    dx[at + F] = dup;
  }
}
