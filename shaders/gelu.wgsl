// GELU, tanh form (Hendrycks and Gimpel, arXiv 1606.08415): out = x · ½(1 + tanh u), u = √(2/π)(x + 0.044715x³).

@group(0) @binding(0) var<storage, read> x: array<numbers>;         // [N, F]
@group(0) @binding(1) var<storage, read_write> out: array<numbers>; // [N, F]
@group(0) @binding(2) var<storage, read> dout: array<numbers>;      // [N, F]
@group(0) @binding(3) var<storage, read_write> dx: array<numbers>;  // [N, F]

override SIZE: u32;
override ACCUMULATE: bool = false;

// one thread per `numbers`
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  out[i] = activate_each(ACTIVATION_GELU, x[i]);
}

// one thread per `numbers`
@compute @workgroup_size(FLAT)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  let d = dout[i] * slope_each(ACTIVATION_GELU, x[i]);
  if (ACCUMULATE) { dx[i] += d; } else { dx[i] = d; }
}
