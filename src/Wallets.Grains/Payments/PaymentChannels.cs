using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Wallets.Grains.Payments;

/// <summary>The channels that the configuration opens.</summary>
internal sealed class PaymentChannels
{
    private static readonly string[] Known = ["apple", "google", "web"];

    private readonly Dictionary<string, IPaymentChannel> _open = [];

    public PaymentChannels(IOptions<GrainsOptions> options, TimeProvider time)
    {
        var channels = options.Value.Channels;
        if (options.Value.AllowDevPayments) Add(new DevChannel());
        if (channels.Apple is { } apple) Add(new AppleChannel(apple, time));
        if (channels.Google is { } google) Add(new GoogleChannel(google, time));
        if (channels.Web is { } web) Add(new WebChannel(web, time));
    }

    public IEnumerable<string> Open => _open.Keys;

    /// <summary>Whether a store is open that hears of users by a name they cannot be found by.</summary>
    public bool HideUsers => _open.Values.Any(channel => channel is IStoreChannel { Naming: AccountNaming.Uuid5 });

    public IPaymentChannel? Find(string name) => _open.GetValueOrDefault(name);

    /// <summary>Why a channel is not there to take notifications.</summary>
    public static Refusal Closed(string name) => Known.Contains(name)
        ? new Refusal(Refusal.ChannelNotOpen, $"Notifications of channel {name} are not taken; keep them and try again.")
        : new Refusal(Refusal.UnknownChannel, "There is no such channel.");

    private void Add(IPaymentChannel channel) => _open.Add(channel.Name, channel);
}

/// <summary>What an app gives to a store as the name of its user, so that the store's proof says whose payment it is.</summary>
public static class AccountToken
{
    /// <summary>The namespace of the UUIDv5. Apps derive the same one; never change it.</summary>
    public static readonly Guid Namespace = new("6f1d3c52-8a0b-5a3e-9a57-2f0c6b1e7d44");

    public static string Of(string userId, AccountNaming naming)
    {
        if (naming == AccountNaming.UserId) return userId;
#pragma warning disable CA5350 // UUIDv5 is SHA-1 by definition; it is a name here, not a signature.
        var bytes = SHA1.HashData([.. Namespace.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(userId)])[..16];
#pragma warning restore CA5350
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x50);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    /// <summary>True if a store's <paramref name="token"/> names <paramref name="userId"/>.</summary>
    internal static bool Names(string? token, string userId, AccountNaming naming) =>
        string.Equals(token, Of(userId, naming), naming == AccountNaming.Uuid5 ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}
