namespace Wallets.Web.Operations;

/// <summary>
/// The acts that wait for another operator, found by reading on in the record of acts. Owns nothing: a page that opens reads the record
/// from its beginning, and a step that was read but not looked into yet is kept until it is.
/// </summary>
internal sealed class OpenActs(IGrainFactory grains)
{
    private const int PageSize = 500;

    /// <summary>Steps may come to be seen a little out of their order, so the last ones are read again.</summary>
    private const int LookBack = 20;

    private readonly HashSet<long> _seen = [];
    private readonly HashSet<Guid> _asked = [];
    private readonly Dictionary<Guid, ActView> _waiting = [];
    private long _through;

    public IEnumerable<ActView> Waiting => _waiting.Values.OrderBy(act => act.AskedAt);

    public async Task Read(Caller caller)
    {
        var record = grains.GetGrain<IActRecordGrain>(IActRecordGrain.Key);
        var after = Math.Max(0, _through - LookBack);
        while ((await record.Read(caller, after, PageSize)).Value is { Items.Length: > 0 } page)
        {
            foreach (var step in page.Items.Where(step => _seen.Add(step.Seq))) Note(step);
            after = _through = Math.Max(_through, page.Items[^1].Seq);
            if (page.Next is null) break;
        }
        foreach (var key in _asked.ToArray())
        {
            if ((await grains.GetGrain<IActGrain>(key).Get(caller)).Value is { Status: ActView.AwaitingApproval } act) _waiting[key] = act;
            _asked.Remove(key);
        }
    }

    private void Note(ActStep step)
    {
        if (step.Step == ActView.Asked)
        {
            _asked.Add(step.Key);
            return;
        }
        _asked.Remove(step.Key);
        _waiting.Remove(step.Key);
    }
}
