// Dropout (Srivastava et al. 2014): out = x · keep/(1 − p). Each element's `keep` is a function of seed, step, stream and index, so the
// backward draws it again and no mask is stored.

@group(0) @binding(0) var<storage, read> x: array<numbers>;         // [N, C]
@group(0) @binding(1) var<storage, read> dice: array<u32>;      // DICE of src/engine.ts
@group(0) @binding(2) var<storage, read_write> out: array<numbers>; // [N, C]
@group(0) @binding(3) var<storage, read> dout: array<numbers>;      // [N, C]
@group(0) @binding(4) var<storage, read_write> dx: array<numbers>;  // [N, C]

/// `stream` is the stream of random numbers of this dropout. It differs by layer, and a uniform lets one kernel serve all layers.
struct Size {
  stream: u32,
}
@group(0) @binding(5) var<uniform> size: Size;

override SIZE: u32;
override THRESHOLD: u32; // p · 2³²
override RESCALE: f32;   // 1/(1 − p)
override ACCUMULATE: bool = false;

/// Dropout's factors for the i-th `numbers`: 0 or RESCALE each.
fn kept(i: u32) -> numbers {
  return keep_each(dropout_key(dice[DICE_SEED], dice[DICE_STEP], size.stream), i, THRESHOLD, RESCALE);
}

// one thread per `numbers`
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  out[i] = x[i] * kept(i);
}

// one thread per `numbers`
@compute @workgroup_size(FLAT)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  let d = dout[i] * kept(i);
  if (ACCUMULATE) { dx[i] += d; } else { dx[i] = d; }
}
