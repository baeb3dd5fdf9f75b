// Squared ReLU (So et al., "Primer", arXiv 2109.08668): out = max(x, 0)².

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
  let positive = max(x[i], numbers(0.0));
  out[i] = positive * positive;
}

// one thread per `numbers`; d(max(x, 0)²) = 2 max(x, 0)
@compute @workgroup_size(FLAT)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  let d = dout[i] * 2.0 * max(x[i], numbers(0.0));
  if (ACCUMULATE) { dx[i] += d; } else { dx[i] = d; }
}
