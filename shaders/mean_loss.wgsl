// The batch's loss: ring[slot] = scale · Σ losses. A ring, so that many steps can be read back at once.

@group(0) @binding(0) var<storage, read> losses: array<f32>;      // [N]
@group(0) @binding(1) var<storage, read> scale: array<f32>;       // [1] 1 / (counted targets · micro-batches)
@group(0) @binding(2) var<storage, read> dice: array<u32>;        // DICE of src/engine.ts
@group(0) @binding(3) var<storage, read_write> ring: array<f32>;  // [RING]

override N: u32;

// one workgroup in all
@compute @workgroup_size(LANES)
fn forward(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var n = lane; n < N; n += LANES) { sum += losses[n]; }
  sum = sum_lanes(sum, lane);
  if (lane == 0u) { ring[dice[DICE_SLOT]] = sum * scale[0]; }
}
