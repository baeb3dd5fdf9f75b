// Put before every shader: the index of a workgroup on a folded grid, reductions over a workgroup, counter-based random bits.

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

var<workgroup> posted: array<vec2f, 2u * LANES>;
var<workgroup> eighths: array<vec2f, 2u * LANES / STOREY>;

/// Sum over each team of `team` lanes, a power of two from 8 to LANES, in a fixed order, the same in every lane of the team. In
/// storeys of eight: one barrier for a team of eight and two for a larger one, where sum_lanes has eight. Calls that follow each
/// other take `turn` 0 and 1 by turns, so that none writes what another lane is still reading.
fn sum_team(value: vec2f, lane: u32, team: u32, turn: u32) -> vec2f {
  posted[turn * LANES + lane] = value;
  workgroupBarrier();
  let eight = turn * LANES + lane / STOREY * STOREY;
  var sum = posted[eight];
  for (var k = 1u; k < STOREY; k++) { sum += posted[eight + k]; }
  if (team == STOREY) { return sum; }
  if (lane % STOREY == 0u) { eighths[(turn * LANES + lane) / STOREY] = sum; }
  workgroupBarrier();
  let first = (turn * LANES + lane / team * team) / STOREY;
  sum = eighths[first];
  for (var k = 1u; k < team / STOREY; k++) { sum += eighths[first + k]; }
  return sum;
}

/// src/rng.ts, word for word: the mixer "lowbias32" and dropout's draw for one element.
fn mix_bits(word: u32) -> u32 {
  var x = word;
  x ^= x >> 16u;
  x *= MIX_FIRST;
  x ^= x >> 15u;
  x *= MIX_SECOND;
  return x ^ (x >> 16u);
}
fn dropout_key(seed: u32, step: u32, stream: u32) -> u32 {
  return mix_bits(stream + mix_bits(seed + step * MIX_STEP));
}
/// 1/(1 − p) where the element is kept, else 0. `threshold` is p · 2³².
fn keep(key: u32, index: u32, threshold: u32, rescale: f32) -> f32 {
  return select(0.0, rescale, mix_bits(index + key) >= threshold);
}

const SQRT_2_OVER_PI = 0.7978845608028654;

/// ½(1 + tanh u), u = √(2/π)(x + 0.044715x³), as 1/(1 + e^(−2u)): no cancellation, and no overflow that matters (e^∞ gives 0).
fn half_tanh(x: f32) -> f32 {
  let u = SQRT_2_OVER_PI * (x + 0.044715 * x * x * x);
  return 1.0 / (1.0 + exp(clamp(-2.0 * u, -80.0, 80.0)));
}
/// GELU or ReLU².
fn activate(activation: u32, x: f32) -> f32 {
  if (activation == ACTIVATION_GELU) { return x * half_tanh(x); }
  let positive = max(x, 0.0);
  return positive * positive;
}
/// Its derivative; with s = ½(1 + tanh u): (x·s)′ = s + x · 2s(1 − s) · u′.
fn slope(activation: u32, x: f32) -> f32 {
  if (activation != ACTIVATION_GELU) { return 2.0 * max(x, 0.0); }
  let s = half_tanh(x);
  let du = SQRT_2_OVER_PI * (1.0 + 3.0 * 0.044715 * x * x);
  return s + x * 2.0 * s * (1.0 - s) * du;
}
