// The residual stream: out = a + b, so da = dout and db = dout.

@group(0) @binding(0) var<storage, read> a: array<numbers>;         // [N, C]
@group(0) @binding(1) var<storage, read> b: array<numbers>;         // [N, C]
@group(0) @binding(2) var<storage, read_write> out: array<numbers>; // [N, C]
@group(0) @binding(3) var<storage, read> dout: array<numbers>;      // [N, C]
@group(0) @binding(4) var<storage, read_write> da: array<numbers>;  // [N, C]
@group(0) @binding(5) var<storage, read_write> db: array<numbers>;  // [N, C]

override SIZE: u32;
override ACCUMULATE: bool = false;

// one thread per `numbers`
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  out[i] = a[i] + b[i];
}

// one thread per `numbers` of da
@compute @workgroup_size(FLAT)
fn backward_a(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  if (ACCUMULATE) { da[i] += dout[i]; } else { da[i] = dout[i]; }
}

// one thread per `numbers` of db
@compute @workgroup_size(FLAT)
fn backward_b(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= SIZE / STEP) { return; }
  if (ACCUMULATE) { db[i] += dout[i]; } else { db[i] = dout[i]; }
}
