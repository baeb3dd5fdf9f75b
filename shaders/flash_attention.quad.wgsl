// `sum_quad` of flash_attention.tile.wgsl from register to register, by quad operations of subgroups. Every known driver makes threads
// 4n to 4n + 3 a quad of a subgroup, and none promises it. The comparison with the plain kernel finds a driver that does not.

/// Sum of each column of `own` over the four threads of a quad.
fn sum_quad(own: mat4x4f, lane: u32) -> mat4x4f {
  var sum: mat4x4f;
  for (var i = 0u; i < 4u; i++) {
    let two = own[i] + quadSwapX(own[i]);
    sum[i] = two + quadSwapY(two);
  }
  return sum;
}
