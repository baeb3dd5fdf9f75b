// The global gradient norm ‖g‖ = √Σg² over all flat arenas. `partial` sums stretches of an arena and `finish` adds the partial sums, both
// in a fixed order.

@group(0) @binding(0) var<storage, read> grads: array<numbers>;       // [SIZE] one arena
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;  // [arenas · GROUPS]
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;      // [1]
@group(0) @binding(3) var<storage, read> dice: array<u32>;            // DICE of src/engine.ts
@group(0) @binding(4) var<storage, read_write> ring: array<f32>;      // [RING]

override SIZE: u32 = 0u;
override FIRST: u32 = 0u; // index of this arena's first partial sum
override COUNT: u32 = 0u; // partial sums of all arenas
override GROUPS: u32 = 1u;

// one workgroup per partial sum, GROUPS of them
@compute @workgroup_size(LANES)
fn partial(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var squares = numbers();
  for (var i = group.x * LANES + lane; i < SIZE / STEP; i += GROUPS * LANES) { squares += grads[i] * grads[i]; }
  let sum = sum_lanes(total(squares), lane);
  if (lane == 0u) { partials[FIRST + group.x] = sum; }
}

// a single workgroup
@compute @workgroup_size(LANES)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < COUNT; i += LANES) { sum += partials[i]; }
  sum = sum_lanes(sum, lane);
  if (lane == 0u) {
    norm[0] = sqrt(sum);
    ring[dice[DICE_SLOT]] = sqrt(sum);
  }
}
