using System.Numerics;

namespace QatKit.Sparsity.Tests;

public sealed class Sparse24GroupTests
{
    [Fact]
    public void A_group_names_its_non_zero_codes_and_the_lowest_others_in_ascending_order()
    {
        for (var nonZero = 0; nonZero < 16; nonZero++)
        {
            int actual = Sparse24Group.Positions(nonZero);
            int[] codes = [.. Enumerable.Range(0, 4).Where(j => (nonZero >> j & 1) != 0)];
            int[] named = [.. codes.Concat(Enumerable.Range(0, 4).Except(codes)).Take(2).Order()];
            Assert.Equal(BitOperations.PopCount((uint)nonZero) > 2 ? Sparse24Group.TooManyCodes : named[0] | named[1] << 2, actual);
        }
    }
}
