// The norm of AdamW's last update and of the weights, ‖Δ‖ and ‖w‖, over the decayed elements of all flat arenas. `partial` sums
// stretches of an arena and `finish` adds the partial sums, both in a fixed order. Δ = rate · m / (√v/√bias2 + eps) is what adamw.wgsl
// subtracted, recomputed from the moments that it wrote. Weight decay is not part of it.

@group(0) @binding(0) var<storage, read> weights: array<f32>;         // [SIZE] one arena
@group(0) @binding(1) var<storage, read> m: array<f32>;               // [SIZE]
@group(0) @binding(2) var<storage, read> v: array<f32>;               // [SIZE]
@group(0) @binding(3) var<storage, read> hyper: array<f32>;           // HYPER of src/engine.ts
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;  // [arenas · GROUPS, 2] Σ Δ², Σ w²
@group(0) @binding(5) var<storage, read_write> norms: array<f32>;     // [2] ‖Δ‖, ‖w‖

override DECAYED: u32 = 0u;
override FIRST: u32 = 0u; // index of this arena's first pair of partial sums
override COUNT: u32 = 0u; // pairs of partial sums of all arenas
override GROUPS: u32 = 1u;

// one workgroup per pair of partial sums, GROUPS of them
@compute @workgroup_size(LANES)
fn partial(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let rate = hyper[HYPER_LEARNING_RATE] / hyper[HYPER_BIAS1];
  let root2 = sqrt(hyper[HYPER_BIAS2]);
  var moved = 0.0;
  var length = 0.0;
  for (var i = group.x * LANES + lane; i < DECAYED; i += GROUPS * LANES) {
    let delta = rate * m[i] / (sqrt(v[i]) / root2 + hyper[HYPER_EPS]);
    moved += delta * delta;
    length += weights[i] * weights[i];
  }
  moved = sum_lanes(moved, lane);
  length = sum_lanes(length, lane);
  if (lane == 0u) {
    partials[2u * (FIRST + group.x)] = moved;
    partials[2u * (FIRST + group.x) + 1u] = length;
  }
}

// a single workgroup
@compute @workgroup_size(LANES)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var moved = 0.0;
  var length = 0.0;
  for (var i = lane; i < COUNT; i += LANES) {
    moved += partials[2u * i];
    length += partials[2u * i + 1u];
  }
  moved = sum_lanes(moved, lane);
  length = sum_lanes(length, lane);
  if (lane == 0u) {
    norms[0] = sqrt(moved);
    norms[1] = sqrt(length);
  }
}
