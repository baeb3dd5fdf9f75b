// The batch's loss: ring[slot] = Σ scale · losses. A ring, so that many steps can be read back at once.
// The largest scale is taken out of the sum. Rows of one scale are then added as they are, and rounding happens once for all.

@group(0) @binding(0) var<storage, read> losses: array<f32>;      // [N]
@group(0) @binding(1) var<storage, read> scale: array<f32>;       // [N] each row's share, of either sign
@group(0) @binding(2) var<storage, read> dice: array<u32>;        // DICE of src/engine.ts
@group(0) @binding(3) var<storage, read_write> ring: array<f32>;  // [RING]

override N: u32;

// one workgroup in all
@compute @workgroup_size(LANES)
fn forward(@builtin(local_invocation_index) lane: u32) {
  var most = 0.0;
  for (var n = lane; n < N; n += LANES) { most = max(most, abs(scale[n])); }
  most = max_lanes(most, lane);
  var sum = 0.0;
  for (var n = lane; n < N; n += LANES) {
    // A GPU's x/x may be off 1 by a bit.
    let share = select(scale[n] / most, 1.0, scale[n] == most);
    if (scale[n] != 0.0) { sum += losses[n] * share; }
  }
  sum = sum_lanes(sum, lane);
  if (lane == 0u) { ring[dice[DICE_SLOT]] = sum * most; }
}
