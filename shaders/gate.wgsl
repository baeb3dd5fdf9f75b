// Gates: out = x · gate, one multiplier for every stretch of SPAN elements, G of them in turn: heads, neurons or all of a row (SPAN =
// M/G), or positions (SPAN = M). A gate of 1 leaves x as it is, one of 0 switches it off.

@group(0) @binding(0) var<storage, read> x: array<numbers>;         // [N, M]
@group(0) @binding(1) var<storage, read> gate: array<f32>;          // [G]
@group(0) @binding(2) var<storage, read_write> out: array<numbers>; // [N, M]
@group(0) @binding(3) var<storage, read> dout: array<numbers>;      // [N, M]
@group(0) @binding(4) var<storage, read_write> dx: array<numbers>;  // [N, M]
@group(0) @binding(5) var<storage, read_write> dgate: array<f32>;   // [G]

override SIZE: u32; // N·M
override SPAN: u32; // neighbours that share a gate
override G: u32;
override ACCUMULATE: bool = false;

fn gate_of(i: u32) -> f32 {
  return gate[i * STEP / SPAN % G];
}

// one thread per `numbers`
@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= SIZE / STEP) { return; }
  out[i] = x[i] * gate_of(i);
}

// one thread per `numbers`; out = x · gate
@compute @workgroup_size(64)
fn backward_x(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, 64u);
  if (i >= SIZE / STEP) { return; }
  let d = dout[i] * gate_of(i);
  if (ACCUMULATE) { dx[i] += d; } else { dx[i] = d; }
}

// one workgroup per gate; dgate = Σ dout · x
@compute @workgroup_size(LANES)
fn backward_gate(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = flat_group(group, groups);
  if (g >= G) { return; }
  let span = SPAN / STEP;
  var sum = numbers();
  for (var k = lane; k < SIZE / STEP / G; k += LANES) {
    let i = (k / span * G + g) * span + k % span;
    sum += dout[i] * x[i];
  }
  let d = sum_lanes(total(sum), lane);
  if (lane > 0u) { return; }
  if (ACCUMULATE) { dgate[g] += d; } else { dgate[g] = d; }
}
