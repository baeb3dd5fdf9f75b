// Causal attention of the next T tokens of one text over all earlier positions, for generation. Row s of the caches holds the keys and
// values of position s. Forward only.

@group(0) @binding(0) var<storage, read> qkv: array<f32>;            // [T, (NH + 2 NKV)·HS]
@group(0) @binding(1) var<storage, read> pos: array<u32>;            // [1] position of the first of the T
@group(0) @binding(2) var<storage, read_write> keys: array<f32>;     // [P, NKV·HS]
@group(0) @binding(3) var<storage, read_write> values: array<f32>;   // [P, NKV·HS]
@group(0) @binding(4) var<storage, read_write> att: array<f32>;      // [NH, T, P]
@group(0) @binding(5) var<storage, read_write> out: array<f32>;      // [T, NH·HS]

override T: u32;
override P: u32;
override NH: u32;
override NKV: u32;
override HS: u32;
override SCALE: f32; // 1/√HS

// one thread per element of the T new rows
@compute @workgroup_size(FLAT)
fn append(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  let width = NKV * HS;
  let t = i / width;
  if (t >= T || pos[0] + t >= P) { return; }
  let source = (t * (NH + 2u * NKV) + NH) * HS + i % width;
  keys[pos[0] * width + i] = qkv[source];
  values[pos[0] * width + i] = qkv[source + width];
}

// one workgroup per (head, new token)
@compute @workgroup_size(LANES)
fn forward_att(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = flat_group(group, groups);
  if (row >= NH * T) { return; }
  let t = row % T;
  let h = row / T;
  let past = min(pos[0] + t + 1u, P);
  let q = (t * (NH + 2u * NKV) + h) * HS;
  let kv = h / (NH / NKV) * HS;
  var most = -3.4e38;
  for (var s = lane; s < past; s += LANES) {
    var score = 0.0;
    for (var c = 0u; c < HS; c++) { score += qkv[q + c] * keys[s * NKV * HS + kv + c]; }
    score *= SCALE;
    att[row * P + s] = score;
    most = max(most, score);
  }
  most = max_lanes(most, lane);
  var sum = 0.0;
  for (var s = lane; s < past; s += LANES) {
    let e = exp(att[row * P + s] - most);
    att[row * P + s] = e;
    sum += e;
  }
  let total = sum_lanes(sum, lane);
  for (var s = lane; s < P; s += LANES) {
    att[row * P + s] = select(0.0, att[row * P + s] / total, s < past);
  }
}

// one thread per element of out
@compute @workgroup_size(FLAT)
fn forward_out(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= T * NH * HS) { return; }
  let h = i / HS % NH;
  let t = i / (HS * NH);
  let column = h / (NH / NKV) * HS + i % HS;
  let past = min(pos[0] + t + 1u, P);
  var sum = 0.0;
  for (var s = 0u; s < past; s++) { sum += att[(h * T + t) * P + s] * values[s * NKV * HS + column]; }
  out[i] = sum;
}
