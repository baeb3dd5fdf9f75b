// Token and position embedding: out[b,t] = wte[tokens[b,t]] + wpe[pos + t]. The backward gathers instead of scattering. The loader
// sorts the batch's positions by token, so that each element of dwte has one owner and a fixed order of summing.

@group(0) @binding(0) var<storage, read> tokens: array<u32>;       // [B, T]
@group(0) @binding(1) var<storage, read> order: array<u32>;        // [N] positions sorted by token
@group(0) @binding(2) var<storage, read> starts: array<u32>;       // [V + 1] index in `order` of each token's first position
@group(0) @binding(3) var<storage, read> wte: array<f32>;          // [V, C]
@group(0) @binding(4) var<storage, read> wpe: array<f32>;          // [P, C]
@group(0) @binding(5) var<storage, read> pos: array<u32>;          // [1] position of the first token
@group(0) @binding(6) var<storage, read_write> out: array<f32>;    // [B, T, C]
@group(0) @binding(7) var<storage, read> dout: array<f32>;         // [B, T, C]
@group(0) @binding(8) var<storage, read_write> dwte: array<f32>;   // [V, C]
@group(0) @binding(9) var<storage, read_write> dwpe: array<f32>;   // [P, C]

override B: u32;
override T: u32;
override C: u32;
override V: u32;
override P: u32;
override ACCUMULATE: bool = false;

fn token_at(i: u32) -> f32 {
  return wte[tokens[i / C] * C + i % C];
}

// one thread per element of out
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= B * T * C) { return; }
  out[i] = token_at(i);
}

// one thread per element of out, with learned positions
@compute @workgroup_size(FLAT)
fn forward_positions(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= B * T * C) { return; }
  out[i] = token_at(i) + wpe[(i / C % T) * C + i % C];
}

// one thread per element of out, with learned positions that start at pos[0]
@compute @workgroup_size(FLAT)
fn forward_positions_from(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= B * T * C) { return; }
  out[i] = token_at(i) + wpe[(pos[0] + i / C % T) * C + i % C];
}

// one thread per element of dwte; out[n] = wte[tokens[n]] + …
@compute @workgroup_size(FLAT)
fn backward_wte(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= V * C) { return; }
  let token = i / C;
  var sum = 0.0;
  for (var k = starts[token]; k < starts[token + 1u]; k++) { sum += dout[order[k] * C + i % C]; }
  if (ACCUMULATE) { dwte[i] += sum; } else { dwte[i] = sum; }
}

// one thread per element of dwpe; out[b,t] = … + wpe[t]
@compute @workgroup_size(FLAT)
fn backward_wpe(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= P * C) { return; }
  var sum = 0.0;
  if (i / C < T) {
    for (var b = 0u; b < B; b++) { sum += dout[b * T * C + i]; }
  }
  if (ACCUMULATE) { dwpe[i] += sum; } else { dwpe[i] = sum; }
}
