namespace Wallets.Grains.Payments;

/// <summary>Whom stores know by one <see cref="AccountToken"/>, which is the key: the token does not say it.</summary>
[Alias("payer")]
internal interface IPayerGrain : IGrainWithStringKey
{
    /// <summary>The user whose token this is was here.</summary>
    [Alias("note")] Task Note(string userId);

    /// <summary>Null if that user never was.</summary>
    [Alias("find")] Task<string?> Find();
}

[GenerateSerializer, Alias("payer-state")]
internal sealed class PayerState
{
    [Id(0)] public string? UserId { get; set; }
}

/// <summary>
/// Written once for each user, when they first look at their wallet; a token is of one user, so what is written never changes. If it is
/// lost, it is written when they look again.
/// </summary>
internal sealed class PayerGrain([PersistentState("payer")] IPersistentState<PayerState> state) : Grain, IPayerGrain
{
    public async Task Note(string userId)
    {
        if (state.State.UserId is not null) return;
        state.State.UserId = userId;
        try
        {
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    public Task<string?> Find() => Task.FromResult(state.State.UserId);
}
