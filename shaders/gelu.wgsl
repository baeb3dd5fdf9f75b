// GELU, tanh form (Hendrycks and Gimpel, arXiv 1606.08415): out = x · ½(1 + tanh u), u = √(2/π)(x + 0.044715x³).

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [N, F]
@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [N, F]
@group(0) @binding(2) var<storage, read> dout: array<f32>;      // [N, F]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // [N, F]

override SIZE: u32;
override ACCUMULATE: bool = false;

const SQRT_2_OVER_PI = 0.7978845608028654;

/// ½(1 + tanh u) = 1/(1 + e^(−2u)): no cancellation, and no overflow that matters (e^∞ gives 0).
fn half_tanh(x: f32) -> f32 {
  let u = SQRT_2_OVER_PI * (x + 0.044715 * x * x * x);
  return 1.0 / (1.0 + exp(clamp(-2.0 * u, -80.0, 80.0)));
}

// one thread per element
@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= SIZE) { return; }
  out[i] = x[i] * half_tanh(x[i]);
}

// one thread per element; with s = ½(1 + tanh u): d(x·s) = s + x · 2s(1 − s) · u′
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= SIZE) { return; }
  let s = half_tanh(x[i]);
  let du = SQRT_2_OVER_PI * (1.0 + 3.0 * 0.044715 * x[i] * x[i]);
  let d = dout[i] * (s + x[i] * 2.0 * s * (1.0 - s) * du);
  if (ACCUMULATE) { dx[i] += d; } else { dx[i] = d; }
}
