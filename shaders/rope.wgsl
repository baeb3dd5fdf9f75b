// Rotary position embedding (Su et al., arXiv 2104.09864), rotate-half form: within a query or key head the pair
// (i, i + HS/2) turns by angle[t, i]; values pass. Angles come as tables made in double precision: WGSL's own sin and cos
// promise only 2⁻¹¹.

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [B, T, HEADS·HS]
@group(0) @binding(1) var<storage, read> cos_table: array<f32>; // [P, HS/2]
@group(0) @binding(2) var<storage, read> sin_table: array<f32>; // [P, HS/2]
@group(0) @binding(3) var<storage, read> pos: array<u32>;       // [1] position of the first token
@group(0) @binding(4) var<storage, read_write> out: array<f32>; // [B, T, HEADS·HS]
@group(0) @binding(5) var<storage, read> dout: array<f32>;      // [B, T, HEADS·HS]
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;  // [B, T, HEADS·HS]

override N: u32;
override T: u32;
override HEADS: u32;  // NH + 2 NKV
override TURNED: u32; // NH + NKV
override HALF: u32;   // HS/2
override ACCUMULATE: bool = false;

/// Where a thread's pair begins, and (cos, sin) of its angle at time `t`.
fn pair_at(i: u32) -> u32 {
  return i / HALF * 2u * HALF + i % HALF;
}
fn turn_at(i: u32, t: u32) -> vec2f {
  if (i / HALF % HEADS >= TURNED) { return vec2f(1.0, 0.0); }
  let k = t * HALF + i % HALF;
  return vec2f(cos_table[k], sin_table[k]);
}
fn rotate(i: u32, t: u32) {
  let at = pair_at(i);
  let turn = turn_at(i, t);
  let a = x[at];
  let b = x[at + HALF];
  out[at] = a * turn.x - b * turn.y;
  out[at + HALF] = b * turn.x + a * turn.y;
}

// one thread per pair
@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= N * HEADS * HALF) { return; }
  rotate(i, i / (HEADS * HALF) % T);
}

// the same in the middle of a text
@compute @workgroup_size(64)
fn forward_from(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= N * HEADS * HALF) { return; }
  rotate(i, pos[0] + i / (HEADS * HALF) % T);
}

// one thread per pair; a rotation is undone by turning the gradient back
@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= N * HEADS * HALF) { return; }
  let at = pair_at(i);
  let turn = turn_at(i, i / (HEADS * HALF) % T);
  let da = dout[at] * turn.x + dout[at + HALF] * turn.y;
  let db = dout[at + HALF] * turn.x - dout[at] * turn.y;
  if (ACCUMULATE) {
    dx[at] += da;
    dx[at + HALF] += db;
  } else {
    dx[at] = da;
    dx[at + HALF] = db;
  }
}
