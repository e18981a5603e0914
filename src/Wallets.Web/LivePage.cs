using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Wallets.Web;

/// <summary>
/// A page that keeps its figures fresh: it asks again in its rhythm, and says so while the cluster does not answer. What it shows is
/// derived, so a lost circuit loses nothing. When the visitor's token ends, the page does too.
/// </summary>
public abstract class LivePage : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _closed = new();
    private DateTimeOffset _until = DateTimeOffset.MaxValue;

    [Inject] protected IGrainFactory Grains { get; set; } = null!;
    [Inject] protected WalletsClient Client { get; set; } = null!;
    [Inject] protected PagesOptions Options { get; set; } = null!;
    [Inject] protected TimeProvider Time { get; set; } = null!;
    [Inject] protected NavigationManager Navigation { get; set; } = null!;
    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    protected Caller Caller { get; private set; }

    /// <summary>Why the figures are not fresh, or null.</summary>
    protected string? Trouble { get; private set; }

    /// <summary>When the figures were last fresh.</summary>
    protected DateTimeOffset AsOf { get; private set; }

    protected abstract TimeSpan Rhythm { get; }

    /// <summary>Asks for what the page shows.</summary>
    protected abstract Task Refresh();

    protected override async Task OnInitializedAsync()
    {
        var user = (await Authentication).User;
        Caller = Options.CallerOf(user);
        if (long.TryParse(user.FindFirst("exp")?.Value, out var expires)) _until = DateTimeOffset.FromUnixTimeSeconds(expires);
        await Ask();
        _ = Keep();
    }

    /// <summary>Runs what asks the cluster. Returns false, and says why on the page, if the cluster does not answer.</summary>
    protected async Task<bool> Try(Func<Task> ask)
    {
        try
        {
            await ask();
            (Trouble, AsOf) = (null, Time.GetUtcNow());
            return true;
        }
        catch (Exception fault) when (fault is TimeoutException or OrleansException or OutcomeUnknownException or OperationCanceledException)
        {
            Trouble = AsOf == default ? "The cluster does not answer yet." : $"The cluster does not answer just now. What you see is from {AsOf:HH:mm:ss} UTC.";
            return false;
        }
    }

    private Task Ask()
    {
        if (Time.GetUtcNow() < _until) return Try(Refresh);
        Navigation.NavigateTo("sign-in", forceLoad: true);
        return Task.CompletedTask;
    }

    /// <summary>Ends with the page. A refresh that fails in a way nobody expects ends the circuit, and the visitor sees it.</summary>
    private async Task Keep()
    {
        using var ticks = new PeriodicTimer(Rhythm, Time);
        try
        {
            while (await ticks.WaitForNextTickAsync(_closed.Token))
                await InvokeAsync(async () =>
                {
                    await Ask();
                    StateHasChanged();
                });
        }
        catch (OperationCanceledException)
        {
            return;   // the page is closed
        }
        catch (Exception fault)
        {
            await DispatchExceptionAsync(fault);
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _closed.Dispose();
        GC.SuppressFinalize(this);
    }
}
