<#
.SYNOPSIS
Removes otelcol-cloudwatch, which install.ps1 has installed. Configuration and state are kept.

.PARAMETER InstallDir
Folder of the program, where it was given to install.ps1.

.PARAMETER Purge
Remove configuration and state, too.

.EXAMPLE
.\uninstall.ps1 -Purge -WhatIf
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string] $InstallDir = (Join-Path $env:ProgramFiles 'otelcol-cloudwatch'),
    [switch] $Purge
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$name = 'otelcol-cloudwatch'
$configDir = Join-Path $env:ProgramData 'otelcol-cloudwatch'
$keptKey = 'HKLM:\SOFTWARE\otelcol-cloudwatch-data'
$eventKey = "HKLM:\SYSTEM\CurrentControlSet\Services\EventLog\Application\$name"

$user = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'uninstall.ps1 needs administrator rights: open PowerShell with "Run as administrator" and run it there.'
}
if (Test-Path -LiteralPath 'HKLM:\SOFTWARE\otelcol-cloudwatch') {
    throw 'otelcol-cloudwatch was installed from its MSI: remove it with msiexec /x, or in Settings > Apps.'
}

# The groups forget the service's account.
$exe = Join-Path $InstallDir 'otelcol-cloudwatch.exe'
if ((Test-Path -LiteralPath $exe) -and $PSCmdlet.ShouldProcess("service $name", 'take the rights of its account back')) {
    Start-Process -FilePath $exe -ArgumentList 'service', 'teardown' -Wait -NoNewWindow
}
$service = Get-Service -Name $name -ErrorAction SilentlyContinue
if ($null -ne $service) {
    if ($service.Status -ne 'Stopped' -and $PSCmdlet.ShouldProcess("service $name", 'stop')) {
        Stop-Service -Name $name -Force
        $service.WaitForStatus('Stopped', [TimeSpan]::FromSeconds(60))
    }
    if ($PSCmdlet.ShouldProcess("service $name", 'delete')) {
        $output = & "$env:SystemRoot\System32\sc.exe" delete $name
        if ($LASTEXITCODE -ne 0) {
            throw "sc.exe delete $name failed with $LASTEXITCODE`: $output. Close the Services console, which may hold the service, and run uninstall.ps1 again."
        }
    }
}
if ((Test-Path -LiteralPath $eventKey) -and $PSCmdlet.ShouldProcess($eventKey, 'remove the source of events')) {
    Remove-Item -LiteralPath $eventKey -Recurse
}
# Never a folder that is not the program's.
if (Test-Path -LiteralPath $exe) {
    if ($PSCmdlet.ShouldProcess($InstallDir, 'remove the program')) { Remove-Item -LiteralPath $InstallDir -Recurse -Force }
} elseif (Test-Path -LiteralPath $InstallDir) {
    Write-Warning "$InstallDir has no otelcol-cloudwatch.exe, and is left as it is: name the program's folder with -InstallDir."
}
if ($Purge) {
    if ((Test-Path -LiteralPath $configDir) -and $PSCmdlet.ShouldProcess($configDir, 'remove configuration and state')) {
        # rmdir removes a junction, and not what it leads to.
        & "$env:SystemRoot\System32\cmd.exe" /d /c rmdir /s /q $configDir
        if (Test-Path -LiteralPath $keptKey) { Remove-Item -LiteralPath $keptKey }
    }
} elseif ((Test-Path -LiteralPath $configDir) -and -not $WhatIfPreference) {
    Write-Output "Configuration and state are kept in $configDir; -Purge removes them."
}
