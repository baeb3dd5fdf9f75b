// Put before every shader: the index of a workgroup on a folded grid, reductions over a workgroup, counter-based random bits.

const LANES = 64u; // lanes of the row kernels: one or two subgroups everywhere, and six barriers to reduce

/// A grid too long for one dimension is folded into two (`grid` in src/gpu/kernel.ts).
fn flat_group(group: vec3u, groups: vec3u) -> u32 {
  return group.x + group.y * groups.x;
}
fn flat_thread(group: vec3u, groups: vec3u, lane: u32, size: u32) -> u32 {
  return flat_group(group, groups) * size + lane;
}

var<workgroup> lanes: array<f32, LANES>;

/// Sum over the workgroup, the same in every lane, always added in the same order.
fn sum_lanes(value: f32, lane: u32) -> f32 {
  lanes[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
    workgroupBarrier();
  }
  let total = lanes[0];
  workgroupBarrier();
  return total;
}
fn max_lanes(value: f32, lane: u32) -> f32 {
  lanes[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { lanes[lane] = max(lanes[lane], lanes[lane + half]); }
    workgroupBarrier();
  }
  let most = lanes[0];
  workgroupBarrier();
  return most;
}

/// src/rng.ts, word for word: the mixer "lowbias32" and dropout's draw for one element.
fn mix_bits(word: u32) -> u32 {
  var x = word;
  x ^= x >> 16u;
  x *= 0x7feb352du;
  x ^= x >> 15u;
  x *= 0x846ca68bu;
  return x ^ (x >> 16u);
}
fn dropout_key(seed: u32, step: u32, stream: u32) -> u32 {
  return mix_bits(stream + mix_bits(seed + step * 0x9e3779b9u));
}
/// 1/(1 − p) where the element is kept, else 0. `threshold` is p · 2³².
fn keep(key: u32, index: u32, threshold: u32, rescale: f32) -> f32 {
  return select(0.0, rescale, mix_bits(index + key) >= threshold);
}
