using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Wallets.Ledger;

/// <summary>How an <see cref="EntryDetail"/> and a <see cref="RateCard"/> stand in the ledger: the SQL of views and indexes reads these names.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EntryDetail))]
[JsonSerializable(typeof(RateCard))]
[JsonSerializable(typeof(ActOrder))]
internal sealed partial class EntryJson : JsonSerializerContext
{
    public static string Write(EntryDetail detail) => JsonSerializer.Serialize(detail, Default.EntryDetail);

    public static EntryDetail Read(string json) =>
        JsonSerializer.Deserialize(json, Default.EntryDetail) ?? throw new JsonException("An entry's detail is the JSON null.");

    /// <summary>A time as it stands in a detail, for comparing: in UTC, and of whole seconds, so that the texts sort as the times do.</summary>
    public static string Write(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'+00:00'", CultureInfo.InvariantCulture);

    public static string Write(ActOrder order) => JsonSerializer.Serialize(order, Default.ActOrder);

    public static ActOrder? ReadActOrder(string? json) => json is null ? null : JsonSerializer.Deserialize(json, Default.ActOrder);

    public static string Write(RateCard card) => JsonSerializer.Serialize(card, Default.RateCard);

    public static RateCard ReadRateCard(string json) =>
        JsonSerializer.Deserialize(json, Default.RateCard) ?? throw new JsonException("A rate card is the JSON null.");
}
