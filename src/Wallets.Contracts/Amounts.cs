using System.Text.Json;
using System.Text.Json.Serialization;

namespace Wallets;

/// <summary>
/// A whole number of coins, the unit viewers buy and spend. Arithmetic is checked: an overflow throws, it never wraps.
/// In JSON a plain integer below 2^53.
/// </summary>
[GenerateSerializer, Immutable, Alias("coins")]
[JsonConverter(typeof(CoinsJsonConverter))]
public readonly record struct Coins(long Value) : IComparable<Coins>
{
    public static Coins Zero => default;

    public static Coins operator +(Coins left, Coins right) => new(checked(left.Value + right.Value));
    public static Coins operator -(Coins left, Coins right) => new(checked(left.Value - right.Value));
    public static Coins operator *(Coins price, int quantity) => new(checked(price.Value * quantity));
    public static bool operator <(Coins left, Coins right) => left.Value < right.Value;
    public static bool operator >(Coins left, Coins right) => left.Value > right.Value;
    public static bool operator <=(Coins left, Coins right) => left.Value <= right.Value;
    public static bool operator >=(Coins left, Coins right) => left.Value >= right.Value;

    public int CompareTo(Coins other) => Value.CompareTo(other.Value);
    public override string ToString() => $"{Value} coins";
}

/// <summary>
/// A whole number of diamonds, the unit creators earn and cash out. Checked arithmetic; in JSON a plain integer below 2^53.
/// </summary>
[GenerateSerializer, Immutable, Alias("diamonds")]
[JsonConverter(typeof(DiamondsJsonConverter))]
public readonly record struct Diamonds(long Value) : IComparable<Diamonds>
{
    public static Diamonds Zero => default;

    public static Diamonds operator +(Diamonds left, Diamonds right) => new(checked(left.Value + right.Value));
    public static Diamonds operator -(Diamonds left, Diamonds right) => new(checked(left.Value - right.Value));
    public static bool operator <(Diamonds left, Diamonds right) => left.Value < right.Value;
    public static bool operator >(Diamonds left, Diamonds right) => left.Value > right.Value;
    public static bool operator <=(Diamonds left, Diamonds right) => left.Value <= right.Value;
    public static bool operator >=(Diamonds left, Diamonds right) => left.Value >= right.Value;

    public int CompareTo(Diamonds other) => Value.CompareTo(other.Value);
    public override string ToString() => $"{Value} diamonds";
}

/// <summary>An amount of money in the minor unit of an ISO 4217 currency: 499 USD is $4.99.</summary>
[GenerateSerializer, Immutable, Alias("money")]
public readonly record struct Money(long AmountMinor, string Currency)
{
    public static Money operator *(Money price, int quantity) => price with { AmountMinor = checked(price.AmountMinor * quantity) };
}

public sealed class CoinsJsonConverter : JsonConverter<Coins>
{
    public override Coins Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => new(reader.GetInt64());
    public override void Write(Utf8JsonWriter writer, Coins value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}

public sealed class DiamondsJsonConverter : JsonConverter<Diamonds>
{
    public override Diamonds Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => new(reader.GetInt64());
    public override void Write(Utf8JsonWriter writer, Diamonds value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}
