// Rotary position embedding (Su et al., arXiv 2104.09864), rotate-half form: within a query or key head the pair
// (i, i + HS/2) turns by angle[t, i]; values pass unchanged. The host computes the tables in double precision, since WGSL's sin and
// cos promise only 2⁻¹¹.

@group(0) @binding(0) var<storage, read> x: array<numbers>;         // [B, T, HEADS·HS]
@group(0) @binding(1) var<storage, read> cos_table: array<numbers>; // [P, HS/2]
@group(0) @binding(2) var<storage, read> sin_table: array<numbers>; // [P, HS/2]
@group(0) @binding(3) var<storage, read> pos: array<u32>;       // [1] position of the first token
@group(0) @binding(4) var<storage, read_write> out: array<numbers>; // [B, T, HEADS·HS]
@group(0) @binding(5) var<storage, read> dout: array<numbers>;      // [B, T, HEADS·HS]
@group(0) @binding(6) var<storage, read_write> dx: array<numbers>;  // [B, T, HEADS·HS]

override N: u32;
override T: u32;
override HEADS: u32;  // NH + 2 NKV
override TURNED: u32; // NH + NKV
override HALF: u32;   // HS/2
override APART: u32 = HALF / STEP; // distance of a pair's two `numbers`
override ACCUMULATE: bool = false;

struct Turn {
  cosine: numbers,
  sine: numbers,
}

/// Index of the first `numbers` of a thread's pairs; the second is APART further on.
fn pair_at(i: u32) -> u32 {
  return i / APART * 2u * APART + i % APART;
}
/// Cosine and sine of a thread's pairs at time `t`; values do not turn.
fn turn_at(i: u32, t: u32) -> Turn {
  if (i / APART % HEADS >= TURNED) { return Turn(numbers(1.0), numbers(0.0)); }
  let k = t * APART + i % APART;
  return Turn(cos_table[k], sin_table[k]);
}
fn rotate(i: u32, t: u32) {
  let at = pair_at(i);
  let turn = turn_at(i, t);
  let a = x[at];
  let b = x[at + APART];
  out[at] = a * turn.cosine - b * turn.sine;
  out[at + APART] = b * turn.cosine + a * turn.sine;
}

// one thread per `numbers` of pairs
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= N * HEADS * APART) { return; }
  rotate(i, i / (HEADS * APART) % T);
}

// one thread per `numbers` of pairs, at times that start at pos[0]
@compute @workgroup_size(FLAT)
fn forward_from(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= N * HEADS * APART) { return; }
  rotate(i, pos[0] + i / (HEADS * APART) % T);
}

// one thread per `numbers` of pairs; the gradient turns back by the same angle
@compute @workgroup_size(FLAT)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= N * HEADS * APART) { return; }
  let at = pair_at(i);
  let turn = turn_at(i, i / (HEADS * APART) % T);
  let a = dout[at];
  let b = dout[at + APART];
  let da = a * turn.cosine + b * turn.sine;
  let db = b * turn.cosine - a * turn.sine;
  if (ACCUMULATE) {
    dx[at] += da;
    dx[at + APART] += db;
  } else {
    dx[at] = da;
    dx[at + APART] = db;
  }
}
