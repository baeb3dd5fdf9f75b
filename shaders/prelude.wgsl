// Comes before every shader: folded grids, reductions over a workgroup, random bits from a counter, activations.

/// Index of a workgroup on a grid that `grid` in src/gpu/kernel.ts folded into two dimensions.
fn flat_group(group: vec3u, groups: vec3u) -> u32 {
  return group.x + group.y * groups.x;
}
/// Index of a thread on such a grid of workgroups of `size` threads.
fn flat_thread(group: vec3u, groups: vec3u, lane: u32, size: u32) -> u32 {
  return flat_group(group, groups) * size + lane;
}

var<workgroup> lanes: array<f32, LANES>;

/// Sum of `value` over the workgroup's LANES lanes, in a fixed order; every lane gets it.
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
/// Maximum of `value` over the workgroup's LANES lanes; every lane gets it.
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

/// Sum of `value` over each team of `team` lanes, in a fixed order; every lane of the team gets it. `team` is a power of two from
/// STOREY to LANES. Lanes are added STOREY at a time: one barrier for the smallest team and two for others, where sum_lanes has eight.
/// Successive calls alternate `turn` between 0 and 1, so that no lane overwrites what another still reads.
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

/// `mix` of src/rng.ts: the mixer "lowbias32".
fn mix_bits(word: u32) -> u32 {
  var x = word;
  x ^= x >> 16u;
  x *= MIX_FIRST;
  x ^= x >> 15u;
  x *= MIX_SECOND;
  return x ^ (x >> 16u);
}
/// `dropoutKey` of src/rng.ts; `stream` includes its base, STREAM.dropout.
fn dropout_key(seed: u32, step: u32, stream: u32) -> u32 {
  return mix_bits(stream + mix_bits(seed + step * MIX_STEP));
}
/// Dropout's factor for the element at `index`: `rescale`, 1/(1 − p), or 0 where it is dropped. `threshold` is p · 2³².
fn keep(key: u32, index: u32, threshold: u32, rescale: f32) -> f32 {
  return select(0.0, rescale, mix_bits(index + key) >= threshold);
}

const SQRT_2_OVER_PI = 0.7978845608028654;

/// ½(1 + tanh u), u = √(2/π)(x + 0.044715x³), computed as 1/(1 + e^(−2u)), which neither cancels nor overflows.
fn half_tanh(x: f32) -> f32 {
  let u = SQRT_2_OVER_PI * (x + 0.044715 * x * x * x);
  return 1.0 / (1.0 + exp(clamp(-2.0 * u, -80.0, 80.0)));
}
/// GELU or ReLU² of x, by a kind of ACTIVATION.
fn activate(activation: u32, x: f32) -> f32 {
  if (activation == ACTIVATION_GELU) { return x * half_tanh(x); }
  let positive = max(x, 0.0);
  return positive * positive;
}
/// Derivative of `activate` at x. GELU, with s = ½(1 + tanh u): (x·s)′ = s + x · 2s(1 − s) · u′.
fn slope(activation: u32, x: f32) -> f32 {
  if (activation != ACTIVATION_GELU) { return 2.0 * max(x, 0.0); }
  let s = half_tanh(x);
  let du = SQRT_2_OVER_PI * (1.0 + 3.0 * 0.044715 * x * x);
  return s + x * 2.0 * s * (1.0 - s) * du;
}
