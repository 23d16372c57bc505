<#
.SYNOPSIS
Installs or upgrades otelcol-cloudwatch as a Windows service, as the MSI does.

.DESCRIPTION
Run it as an administrator from the unpacked zip. It may be run again at any time: what is there is brought up to date,
and windows.yaml, config.d, the state, the service's arguments and its environment are kept.

.PARAMETER InstallDir
Folder of the program.

.PARAMETER Config
What the service reads, as values of --config. Without it an existing service keeps what it has.

.PARAMETER Environment
Variables of the service, such as @{ AWS_REGION = 'eu-central-1' }. Others that it has are kept; $null removes one.
Every user of the host can read them: keep secrets in files.

.PARAMETER ServiceAccount
Account of the service. Without it an existing service keeps its own, and a new one gets a virtual account, which may read
event logs, performance counters, and the files that it is let read. LocalSystem may read every file.

.PARAMETER NoStart
Leave the service stopped.

.EXAMPLE
.\install.ps1 -Environment @{ AWS_REGION = 'eu-central-1' }

.EXAMPLE
.\install.ps1 -Config 'ssm:/fleet/windows' -WhatIf
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string] $InstallDir = (Join-Path $env:ProgramFiles 'otelcol-cloudwatch'),
    [string[]] $Config,
    [hashtable] $Environment = @{},
    [string] $ServiceAccount,
    [switch] $NoStart
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$name = 'otelcol-cloudwatch'
$displayName = 'OpenTelemetry Collector for CloudWatch'
$description = 'Sends metrics, log files and event logs of this host to Amazon CloudWatch.'
$recovery = 'restart/5000/restart/30000/restart/300000'
$configDir = Join-Path $env:ProgramData 'otelcol-cloudwatch'
$serviceKey = "HKLM:\SYSTEM\CurrentControlSet\Services\$name"
$eventKey = "HKLM:\SYSTEM\CurrentControlSet\Services\EventLog\Application\$name"
$keptKey = 'HKLM:\SOFTWARE\otelcol-cloudwatch-data'
$serviceSid = 'S-1-5-80-156653057-109872948-3582731278-2742092499-4132061434'
$virtualAccount = "NT SERVICE\$name"
$exe = Join-Path $InstallDir 'otelcol-cloudwatch.exe'

# A word as CommandLineToArgvW reads it: backslashes before a quotation mark are doubled.
function Format-Argument([string] $Word) {
    $escaped = [regex]::Replace($Word, '(\\*)"', '$1$1\"')
    $escaped = [regex]::Replace($escaped, '(\\+)$', '$1$1')
    return '"' + $escaped + '"'
}

function Invoke-ServiceControl([string[]] $Arguments) {
    $output = & "$env:SystemRoot\System32\sc.exe" @Arguments
    if ($LASTEXITCODE -ne 0) {
        throw "sc.exe $($Arguments -join ' ') failed with $LASTEXITCODE`: $output. Close the Services console, which may hold the service, and run install.ps1 again."
    }
}

function Assert-Host {
    $user = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'install.ps1 needs administrator rights: open PowerShell with "Run as administrator" and run it there.'
    }
    if (-not [Environment]::Is64BitOperatingSystem -or [Environment]::OSVersion.Version.Major -lt 10) {
        throw 'otelcol-cloudwatch needs 64-bit Windows 10, Windows Server 2016 or later: install it on such a host.'
    }
    if (-not [Environment]::Is64BitProcess) {
        throw 'This is a 32-bit PowerShell, which sees other folders and keys: use C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe.'
    }
    if (-not (Test-Path -LiteralPath (Join-Path $PSScriptRoot 'otelcol-cloudwatch.exe'))) {
        throw "otelcol-cloudwatch.exe is not beside install.ps1 in $PSScriptRoot`: unpack the whole zip and run it from there."
    }
    if (Test-Path -LiteralPath 'HKLM:\SOFTWARE\otelcol-cloudwatch') {
        throw 'otelcol-cloudwatch was installed from its MSI: upgrade it with msiexec /i, or remove it with msiexec /x first (its configuration is kept).'
    }
}

# What is in the configuration's folder runs with the service's rights, and every user may make folders in C:\ProgramData.
# The program looks closer, at access lists and links, when the service is set up and each time that it starts.
function Assert-ConfigDir {
    if (-not (Test-Path -LiteralPath $configDir)) { return }
    $trusted = 'S-1-5-18', 'S-1-5-32-544', $serviceSid
    foreach ($item in @(Get-Item -LiteralPath $configDir -Force) + @(Get-ChildItem -LiteralPath $configDir -Recurse -Force)) {
        if ($item.Attributes -band [IO.FileAttributes]::ReparsePoint) {
            throw "$($item.FullName) is a link, which may lead to what others write: remove it, and run install.ps1 again."
        }
        $owner = $item.GetAccessControl().GetOwner([Security.Principal.SecurityIdentifier])
        if ($trusted -contains $owner.Value) { continue }
        throw "$($item.FullName) belongs to $($owner.Value), neither to the system nor to administrators: move $configDir away, or look at what is in it, run takeown /a /r /f `"$configDir`", and install.ps1 again."
    }
}

function Stop-Collector {
    $service = Get-Service -Name $name -ErrorAction SilentlyContinue
    if ($null -eq $service -or $service.Status -eq 'Stopped') { return }
    if ($PSCmdlet.ShouldProcess("service $name", 'stop')) {
        Stop-Service -Name $name -Force
        $service.WaitForStatus('Stopped', [TimeSpan]::FromSeconds(60))
    }
}

function Copy-Program {
    if (-not $PSCmdlet.ShouldProcess($InstallDir, 'copy the program')) { return }
    New-Item -ItemType Directory -Path $InstallDir -Force | Out-Null
    if ((Resolve-Path -LiteralPath $PSScriptRoot).Path -eq (Resolve-Path -LiteralPath $InstallDir).Path) { return }
    foreach ($item in Get-ChildItem -LiteralPath $PSScriptRoot) {
        Copy-Item -LiteralPath $item.FullName -Destination $InstallDir -Recurse -Force
    }
}

# The system and administrators may do everything, the service what its rights say, others nothing.
function New-Folder([string] $Path, [string] $Rights) {
    $security = New-Object Security.AccessControl.DirectorySecurity
    $security.SetSecurityDescriptorSddlForm("O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;$Rights;;;$serviceSid)")
    New-Item -ItemType Directory -Path $Path | Out-Null
    Set-Acl -LiteralPath $Path -AclObject $security
}

function Initialize-ConfigDir {
    if (-not (Test-Path -LiteralPath $configDir) -and $PSCmdlet.ShouldProcess($configDir, 'make the folder, for administrators and the service only')) {
        New-Folder $configDir '0x1200a9'
    }
    foreach ($folder in @{ 'config.d' = '0x1200a9'; 'state' = '0x1301bf' }.GetEnumerator()) {
        $path = Join-Path $configDir $folder.Key
        if (-not (Test-Path -LiteralPath $path) -and $PSCmdlet.ShouldProcess($path, 'make the folder')) {
            New-Folder $path $folder.Value
        }
    }
    if ($PSCmdlet.ShouldProcess($keptKey, 'remember the folder')) {
        if (-not (Test-Path -LiteralPath $keptKey)) { New-Item -Path $keptKey | Out-Null }
        New-ItemProperty -LiteralPath $keptKey -Name ConfigDir -PropertyType String -Force -Value "$configDir\" | Out-Null
    }
    $yaml = Join-Path $configDir 'windows.yaml'
    if (-not (Test-Path -LiteralPath $yaml) -and $PSCmdlet.ShouldProcess($yaml, 'write the first configuration')) {
        Copy-Item -LiteralPath (Join-Path $PSScriptRoot 'config\windows.yaml') -Destination $yaml
    }
}

function Register-EventSource {
    if (-not $PSCmdlet.ShouldProcess($eventKey, 'register the source of events')) { return }
    if (-not (Test-Path -LiteralPath $eventKey)) { New-Item -Path $eventKey | Out-Null }
    New-ItemProperty -LiteralPath $eventKey -Name EventMessageFile -PropertyType ExpandString -Force -Value '%SystemRoot%\System32\EventCreate.exe' | Out-Null
    New-ItemProperty -LiteralPath $eventKey -Name TypesSupported -PropertyType DWord -Force -Value 7 | Out-Null
}

function Register-Collector {
    $values = $Config
    if (-not $values) {
        $values = (Join-Path $configDir 'windows.yaml'), "dir:$configDir\config.d?optional=true"
    }
    $words = @(Format-Argument $exe)
    foreach ($value in $values) { $words += '--config', (Format-Argument $value) }
    $commandLine = $words -join ' '

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$name'"
    if ($null -eq $service) {
        if (-not $PSCmdlet.ShouldProcess("service $name", "create: $commandLine")) { return }
        if (-not $ServiceAccount) { $script:ServiceAccount = $virtualAccount }
        New-Service -Name $name -DisplayName $displayName -Description $description -BinaryPathName $commandLine -StartupType Automatic | Out-Null
    } elseif ($Config -or -not $service.PathName.StartsWith((Format-Argument $exe))) {
        if (-not $PSCmdlet.ShouldProcess("service $name", "change: $commandLine")) { return }
        $result = Invoke-CimMethod -InputObject $service -MethodName Change -Arguments @{ PathName = $commandLine; DisplayName = $displayName }
        if ($result.ReturnValue -ne 0) {
            throw "The service could not be changed (Win32_Service.Change returned $($result.ReturnValue)): run uninstall.ps1, which keeps the configuration, and install.ps1 again."
        }
    }
    if ($PSCmdlet.ShouldProcess("service $name", 'start delayed, and again after a failure')) {
        Invoke-ServiceControl 'config', $name, 'start=', 'delayed-auto'
        Invoke-ServiceControl 'failure', $name, 'reset=', '3600', 'actions=', $recovery
        Invoke-ServiceControl 'failureflag', $name, '1'
    }
    if ($ServiceAccount -and $PSCmdlet.ShouldProcess("service $name", "run it as $ServiceAccount")) {
        Invoke-ServiceControl 'config', $name, 'obj=', $ServiceAccount
    }
}

function Set-ServiceEnvironment {
    if ($Environment.Count -eq 0) { return }
    $lines = New-Object 'System.Collections.Generic.List[string]'
    if (Test-Path -LiteralPath $serviceKey) {
        $old = (Get-Item -LiteralPath $serviceKey).GetValue('Environment', @())
        foreach ($line in $old) {
            if (-not $Environment.ContainsKey(($line -split '=', 2)[0])) { $lines.Add($line) }
        }
    }
    foreach ($variable in $Environment.Keys | Sort-Object) {
        if ($null -ne $Environment[$variable]) { $lines.Add("$variable=$($Environment[$variable])") }
    }
    if ($PSCmdlet.ShouldProcess("service $name", "set its environment: $(($Environment.Keys | Sort-Object) -join ', ')")) {
        New-ItemProperty -LiteralPath $serviceKey -Name Environment -PropertyType MultiString -Force -Value $lines.ToArray() | Out-Null
    }
}

# Looks at everything that the service would read, and gives its account its rights.
function Initialize-Service {
    if (-not $PSCmdlet.ShouldProcess("service $name", 'check its files, and give its account its rights')) { return }
    $words = @('service', 'setup')
    if ($fresh) { $words += '--fresh' }
    $said = [IO.Path]::GetTempFileName()
    try {
        $setup = Start-Process -FilePath $exe -ArgumentList $words -Wait -PassThru -NoNewWindow -RedirectStandardError $said
        if ($setup.ExitCode -ne 0) {
            throw "The service is installed and was not started: $(Get-Content -LiteralPath $said -Raw) Mend that, then run install.ps1 again."
        }
    } finally {
        Remove-Item -LiteralPath $said
    }
}

function Start-Collector {
    if ($NoStart -or -not $PSCmdlet.ShouldProcess("service $name", 'start')) { return }
    try {
        Start-Service -Name $name
    } catch {
        throw "The service is installed and does not start: $($_.Exception.Message) Its reason is in the Application event log (Get-WinEvent -ProviderName $name -MaxEvents 5 | Format-List Message). Mend that, then run Start-Service $name."
    }
}

Assert-Host
$fresh = -not (Test-Path -LiteralPath $configDir)
Assert-ConfigDir
Stop-Collector
Copy-Program
Initialize-ConfigDir
Register-EventSource
Register-Collector
Set-ServiceEnvironment
Initialize-Service
Start-Collector
if (-not $WhatIfPreference) { Write-Output "$name is installed in $InstallDir; its configuration is in $configDir." }
