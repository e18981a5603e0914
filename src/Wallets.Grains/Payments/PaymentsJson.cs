using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Wallets.Grains.Payments;

/// <summary>What the channels say, as far as it is read. Fields that are not known are theirs to add.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(JwsHeader))]
[JsonSerializable(typeof(AppleDelivery))]
[JsonSerializable(typeof(AppleNotification))]
[JsonSerializable(typeof(AppleTransaction))]
[JsonSerializable(typeof(AppleConsumption))]
[JsonSerializable(typeof(WebEvent))]
[JsonSerializable(typeof(GooglePurchase))]
[JsonSerializable(typeof(GoogleAccessToken))]
[JsonSerializable(typeof(GoogleServiceAccount))]
[JsonSerializable(typeof(GooglePush))]
[JsonSerializable(typeof(GoogleNotification))]
[JsonSerializable(typeof(GoogleKeys))]
[JsonSerializable(typeof(GoogleIdentity))]
internal sealed partial class PaymentsJson : JsonSerializerContext
{
    /// <summary>Null if it is not such a document.</summary>
    public static T? Read<T>(string json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc cref="Read{T}(string, JsonTypeInfo{T})"/>
    public static T? Read<T>(byte[] json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
