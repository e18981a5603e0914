using Microsoft.Extensions.Options;
using Wallets.Grains.Accounts;
using Wallets.Grains.Publishing;
using Wallets.Grains.Recognition;
using Wallets.Ledger;

namespace Wallets.Grains.Acts;

/// <summary>
/// One act of an operator. It is what its steps in the record say, so nothing else is stored: asked, then approved or rejected by
/// another operator if it is above the threshold, then applied or refused. Each step is recorded before the next; applying is
/// idempotent by the act's key, so an act that died halfway goes on when it is asked, or approved, again.
/// </summary>
internal sealed class ActGrain(IActs acts, IOptions<GrainsOptions> options, TimeProvider time) : Grain, IActGrain
{
    private Guid Key => this.GetPrimaryKey();

    public async Task<Outcome<ActView>> Ask(Caller caller, ActOrder order)
    {
        if (!caller.Is(Roles.Operator)) return NotAllowed;
        var steps = await acts.ReadAct(Key);
        if (steps.Count > 0)
        {
            if (steps[0].Actor != caller.Subject || !ActRules.SaySame(steps[0].Order!, order)) return new Refusal(Refusal.KeyReused, $"Key {Key} was used for something else.");
            return Outcome.Replayed(await GoOn(steps));
        }
        if (ActRules.Check(order, options.Value, await Versions(), time.GetUtcNow()) is { } refusal) return refusal;
        return await GoOn(await Record(ActView.Asked, caller, order, null));
    }

    public async Task<Outcome<ActView>> Approve(Caller caller)
    {
        if (!caller.Is(Roles.Operator)) return NotAllowed;
        var steps = await acts.ReadAct(Key);
        if (steps.Count == 0) return Unknown;
        if (steps[0].Actor == caller.Subject) return new Refusal(Refusal.SecondApproverNeeded, "Another operator than the one who asked must approve this.");
        if (ActSteps.StatusOf(steps, options.Value) == ActView.AwaitingApproval) steps = await Record(ActSteps.Approved, caller, null, null);
        return steps.Any(step => step.Step == ActSteps.Approved) ? await GoOn(steps) : Decided;
    }

    public async Task<Outcome<ActView>> Reject(Caller caller, string reason)
    {
        if (!caller.Is(Roles.Operator)) return NotAllowed;
        if (!ActRules.IsReason(reason)) return new Refusal(Refusal.InvalidAct, ActRules.ReasonRule);
        var steps = await acts.ReadAct(Key);
        if (steps.Count == 0) return Unknown;
        if (ActSteps.StatusOf(steps, options.Value) == ActView.AwaitingApproval) steps = await Record(ActView.Rejected, caller, null, reason);
        return steps.Any(step => step.Step == ActView.Rejected) ? View(steps) : Decided;
    }

    public async Task<Outcome<ActView>> Get(Caller caller)
    {
        if (!caller.Is(Roles.Operator)) return NotAllowed;
        var steps = await acts.ReadAct(Key);
        return steps.Count == 0 ? Unknown : View(steps);
    }

    /// <summary>Applies the act if it may be, and records what came of it.</summary>
    private async Task<ActView> GoOn(IReadOnlyList<ActStep> steps)
    {
        if (ActSteps.StatusOf(steps, options.Value) != ActView.Asked) return View(steps);
        var refusal = await Apply(steps[0].Order!, steps[0].Actor);
        var by = new Caller(steps[^1].Actor, Roles.Operator);
        return View(refusal is null ? await Record(ActView.Applied, by, null, null) : await Record(ActView.Refused, by, null, $"{refusal.Code}: {refusal.Detail}"));
    }

    private async Task<Refusal?> Apply(ActOrder order, string actor) => order.Kind switch
    {
        ActKinds.AdjustCoins => (await GrainFactory.GetGrain<IWalletDesk>(order.Subject).Adjust(Key, order.Amount!.Value, order.Reason, actor)).Refusal,
        ActKinds.AdjustDiamonds => (await GrainFactory.GetGrain<IEarningsDesk>(order.Subject).Adjust(Key, order.Amount!.Value, order.Reason, actor)).Refusal,
        ActKinds.SetStanding => (await GrainFactory.GetGrain<IWalletDesk>(order.Subject).SetStanding(Key, order.Standing!, order.Reason, actor)).Refusal,
        ActKinds.Refund => (await GrainFactory.GetGrain<IWalletDesk>(order.Subject).RefundPurchase(Key, order.Purchase!.Value, order.BasisPoints!.Value, order.Reason)).Refusal,
        ActKinds.PublishRates => await GrainFactory.GetGrain<IRateCardDesk>(IRateCardGrain.Key).Publish(order.Rates!),
        ActKinds.PutPack => await GrainFactory.GetGrain<ICatalogDesk>(ICatalogGrain.Key).PutPack(order.Pack!),
        ActKinds.PutGift => await GrainFactory.GetGrain<ICatalogDesk>(ICatalogGrain.Key).PutGift(Key, order.Gift!, order.From),
        ActKinds.OpenCampaign => await OpenCampaign(order.Campaign!),
        ActKinds.RebuildRecognition => await RebuildRecognition(),
        _ => throw new InvalidOperationException($"Act {Key} is of kind '{order.Kind}', which nobody applies."),
    };

    private async Task<Refusal?> OpenCampaign(Campaign campaign)
    {
        await GrainFactory.GetGrain<ICampaignsGrain>(ICampaignsGrain.Key).LookAfter(campaign.Id);
        return await GrainFactory.GetGrain<ICampaignDesk>(campaign.Id).Open(campaign);
    }

    private async Task<Refusal?> RebuildRecognition()
    {
        await GrainFactory.GetGrain<IRecognitionRounds>(IRecognitionRounds.Key).Rebuild();
        return null;
    }

    /// <summary>Writes a step unless it, or one that excludes it, is there, and reads them all.</summary>
    private async Task<IReadOnlyList<ActStep>> Record(string step, Caller caller, ActOrder? order, string? note)
    {
        await acts.RecordAct(new ActStep(0, Key, step, caller.Subject, default, order, note));
        return await acts.ReadAct(Key);
    }

    private Task<RateCard[]> Versions() => GrainFactory.GetGrain<IRateCardGrain>(IRateCardGrain.Key).GetVersions();

    private ActView View(IReadOnlyList<ActStep> steps) => new(
        Key, steps[0].Order!, ActSteps.StatusOf(steps, options.Value), steps[0].Actor, steps[0].RecordedAt,
        steps.FirstOrDefault(step => step.Step is ActSteps.Approved or ActView.Rejected)?.Actor,
        steps.FirstOrDefault(step => step.Step is ActView.Rejected or ActView.Refused)?.Note);

    private static Refusal NotAllowed => new(Refusal.Forbidden, "Only operators may do this.");
    private static Refusal Decided => new(Refusal.AlreadyDecided, "This act does not wait for a decision.");
    private Refusal Unknown => new(Refusal.UnknownAct, $"There is no act {Key}.");
}

/// <summary>Reads the record for operators.</summary>
internal sealed class ActRecordGrain(IActs acts) : Grain, IActRecordGrain
{
    public async Task<Outcome<Page<ActStep>>> Read(Caller caller, long after, int limit)
    {
        if (!caller.Is(Roles.Operator)) return new Refusal(Refusal.Forbidden, "Only operators may do this.");
        var steps = await acts.ReadActs(after, limit);
        return new Page<ActStep>([.. steps], steps.Count == limit ? $"{steps[^1].Seq}" : null);
    }
}
