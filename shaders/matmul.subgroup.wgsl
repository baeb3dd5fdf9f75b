// A matrix product without workgroup memory, for subgroups of 8 or more lanes. All lanes of a subgroup compute the same 8 rows of c, each
// in four columns of its own. A lane reads four of a's next 8 × 4 numbers and broadcasts them. The head of matmul.wgsl applies.
// src/ops/matmul.ts puts WIDTH, the threads of a workgroup, before this text: few where c is narrow, so that no thread is idle.

// one workgroup per 8 × 4·WIDTH of c, one thread per 8 × 4 of it
@compute @workgroup_size(WIDTH)
fn subgroup(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * MATMUL_SUBGROUP_ROWS;
  let m = (group.x * WIDTH + thread) * 4u;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  let range = k_range(group.z);
  for (var k = range.x; k < range.y; k += 4u) {
    // Column j of `low` holds rows 0 to 3 of a at k + j, column j of `high` rows 4 to 7.
    var low: mat4x4f;
    var high: mat4x4f;
    if (FORM == FORM_TN) {
      // Lane 2j reads rows 0 to 3 at k + j, lane 2j + 1 rows 4 to 7.
      let x = a_along_rows(row + lane % 2u * 4u, k + lane / 2u % 4u);
      low = mat4x4f(subgroupBroadcast(x, 0u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 4u), subgroupBroadcast(x, 6u));
      high = mat4x4f(subgroupBroadcast(x, 1u), subgroupBroadcast(x, 3u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 7u));
    } else {
      let x = a_along_k(row + lane % 8u, k);
      low = transpose(mat4x4f(subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u)));
      high = transpose(mat4x4f(subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u)));
    }
    var y: mat4x4f;
    if (FORM == FORM_NT) {
      y = transpose(mat4x4f(b_along_k(k, m), b_along_k(k, m + 1u), b_along_k(k, m + 2u), b_along_k(k, m + 3u)));
    } else {
      y = mat4x4f(b_along_columns(k, m), b_along_columns(k + 1u, m), b_along_columns(k + 2u, m), b_along_columns(k + 3u, m));
    }
    for (var j = 0u; j < 4u; j++) {
      s0 += low[j].x * y[j]; s1 += low[j].y * y[j]; s2 += low[j].z * y[j]; s3 += low[j].w * y[j];
      s4 += high[j].x * y[j]; s5 += high[j].y * y[j]; s6 += high[j].z * y[j]; s7 += high[j].w * y[j];
    }
  }
  put4(row, m, group.z, s0);
  put4(row + 1u, m, group.z, s1);
  put4(row + 2u, m, group.z, s2);
  put4(row + 3u, m, group.z, s3);
  put4(row + 4u, m, group.z, s4);
  put4(row + 5u, m, group.z, s5);
  put4(row + 6u, m, group.z, s6);
  put4(row + 7u, m, group.z, s7);
}
